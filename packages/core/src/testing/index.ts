export type {
  ComplianceExpectation,
  ComplianceRunner,
  ComplianceSubject,
  TransportWorld,
} from './compliance/compliance-world.js';
export { memoryWorld } from './compliance/memory-world.js';
export { storeCompliance, type StoreSubject, type StoreUnderTest } from './compliance/store-compliance.js';
export { transportCompliance } from './compliance/transport-compliance.js';
export { MemoryMesh, memoryMesh, MEMORY_MESH_PORT, type MemoryMeshOptions } from './memory-mesh.js';
export { MemoryNetwork, type MemoryNetworkOptions } from './memory-network.js';
export type { CapturedMessage, Latency, LatencyTable, Tamper } from './network-conditions.js';
export { milliseconds, type Duration } from './sim/duration.js';
export { FastClock } from './sim/fast-clock.js';
export { HostClock } from './sim/host-clock.js';
export type { LatencyMatrix } from './sim/latency-matrix.js';
export { LossyChannel, type LossyChannelOptions } from './sim/lossy-channel.js';
export type { Measured } from './sim/measures.js';
export { modelIdentity, type ModelIdentity } from './sim/model-identity.js';
export { MODEL_COSTS, ModelPool, type ModelCosts } from './sim/model-pool.js';
export { SimMessage, type Reach } from './sim/sim-message.js';
export { SimNode, type Restart } from './sim/sim-node.js';
export { simulate } from './sim/simulate.js';
export { Simulation } from './sim/simulation.js';
export type { SimulationOptions } from './sim/simulation-options.js';
export { Trace } from './sim/trace.js';
export { SeededRandom } from './seeded-random.js';
export { TrackedPool } from './tracked-pool.js';
export { VirtualClock, type VirtualClockOptions } from './virtual-clock.js';
