// The program of the demo's attacker: a process of its own that attacks the port named by its argument, and reports.
import { attack } from './attack.js';

attack(Number(process.argv[2])).then(
  (report) => process.send?.(report, () => process.disconnect()),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
