import type { LinkLayer } from '../../mesh/link-layer.js';
import { Links, type LinksOptions } from '../../mesh/links.js';
import { ModelHandshakes } from './model-handshake.js';
import { ModelLink } from './model-link.js';
import { modelJobs } from './model-parcels.js';
import type { ModelPool } from './model-pool.js';
import type { Traffic } from './traffic.js';

export interface ModelLinksOptions {
  readonly pool: ModelPool;
  readonly traffic: Traffic;
}

/**
 * The link layer of a simulated node: the real one, with its sessions, its rule of duplicates, its limits and its questions
 * to the guard; only what would encrypt is a model. So whatever changes in links, changes in simulations.
 */
export function modelLinks(options: LinksOptions, { pool, traffic }: ModelLinksOptions): LinkLayer {
  const { clock, random, networkHashes, admission, handshakes } = options;
  const { kem } = options.link();
  const { self } = handshakes;
  return new Links({
    ...options,
    jobs: (neighbour) => modelJobs(options.jobs(neighbour), pool),
    handshakes: new ModelHandshakes({ kem, clock, random, self, networkHashes, admission }),
    createLink: (parts, nowMs) => new ModelLink(parts, nowMs, pool, traffic),
  });
}
