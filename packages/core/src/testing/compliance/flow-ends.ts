import type { Flow, FlowHandlers, FlowInfo } from '../../transport/index.js';
import { PROTOCOL, type ComplianceWorld } from './compliance-world.js';

function recorder() {
  const heard: string[] = [];
  const marks: boolean[] = [];
  const closes: number[] = [];
  const drains: true[] = [];
  const handlers: FlowHandlers = {
    message: (body, { isCongested }) => {
      heard.push(body.join());
      marks.push(isCongested);
    },
    close: (code) => closes.push(code),
    drain: () => drains.push(true),
  };
  return { heard, marks, closes, drains, handlers };
}

/** A flow, and all that it tells. */
export function record(flow: Flow) {
  const { handlers, ...told } = recorder();
  flow.handle(handlers);
  return { flow, ...told };
}

/** A node that takes every flow. */
export function accept(world: ComplianceWorld, index: number) {
  const { handlers, ...told } = recorder();
  const opened: FlowInfo[] = [];
  let latest: Flow | undefined;
  world.open(index, {
    flow: (flow, info) => {
      flow.handle(handlers);
      latest = flow;
      opened.push({ ...info, body: info.body.slice() });
    },
  });
  const flow = (): Flow => {
    if (latest === undefined) throw new RangeError('no flow was opened');
    return latest;
  };
  return { ...told, opened, flow };
}

/** Node 0 opens a flow to node 1. */
export async function open(world: ComplianceWorld, options: { readonly body?: Uint8Array } = {}) {
  const port = world.node(0).open(PROTOCOL, {});
  return { port, ...record(await world.run(port.openFlow(world.id(1), options))) };
}
