/** The nine message types of the mesh. A handler of one observes after the mesh itself has acted. */
export const MessageTypes = Object.freeze({
  /** A peer proved its identity. */
  HELLO: 'hello',
  /** We were accepted by a peer; `message.peers` are the endpoints that it knows. */
  WELCOME: 'welcome',
  PING: 'ping',
  PONG: 'pong',
  /** A peer shared endpoints. */
  PEERS: 'peers',
  SYNC_REQUEST: 'sync_request',
  SYNC_RESPONSE: 'sync_response',
  REPLICATE: 'replicate',
  /** A broadcast of any node. */
  GOSSIP: 'gossip',
} as const);

/** One of the values of {@link MessageTypes}. */
export type MessageType = (typeof MessageTypes)[keyof typeof MessageTypes];
