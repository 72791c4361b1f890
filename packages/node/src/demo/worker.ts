// The program of one node of the demo, forked with an IPC channel. Ctrl-C in a terminal reaches the whole process group:
// the node leaves it to the demo to stop it in order, from the first line on, hence the late import.
process.on('SIGINT', () => undefined);

void import('./worker-node.js').then(
  ({ serveNode }) => {
    serveNode();
  },
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
