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
export type { CapturedMessage, Latency, Tamper } from './network-conditions.js';
export { SeededRandom } from './seeded-random.js';
export { TrackedPool } from './tracked-pool.js';
export { VirtualClock, type VirtualClockOptions } from './virtual-clock.js';
