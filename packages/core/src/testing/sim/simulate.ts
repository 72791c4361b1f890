import type { SimulationOptions } from './simulation-options.js';
import { Simulation } from './simulation.js';

/** Nodes that run and have no links yet. */
export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const simulation = new Simulation(options);
  await simulation.start(options.nodes);
  return simulation;
}
