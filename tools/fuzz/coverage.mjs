// Which decoders the sources have, and which of them no fuzz target names.
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { packages } from '../workspace.mjs';

/** What reads bytes or text of strangers is named like this. */
const DECODER =
  /^export (?:(?:async )?function (?<function>(?:decode|parse)[A-Z]\w*)|class (?<class>\w*(?:Reader|Parser|Reassembly)))\b/gm;

/** The decoders that a package's sources export: `{ package, file, name }`. */
function decodersOf({ folder, path }) {
  return readdirSync(join(path, 'src'), { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.startsWith(`testing${sep}`))
    .sort()
    .flatMap((file) =>
      [...readFileSync(join(path, 'src', file), 'utf8').matchAll(DECODER)].map(({ groups }) => ({
        package: folder,
        file: `packages/${folder}/src/${file.replaceAll(sep, '/')}`,
        name: groups.function ?? groups.class,
      })),
    );
}

/** One line for each decoder that no target of its package covers. `targets` are `{ package, covers }`. */
export function uncovered(targets) {
  return packages()
    .flatMap(decodersOf)
    .filter(
      ({ package: folder, name }) =>
        !targets.some((target) => target.package === folder && target.covers.includes(name)),
    )
    .map(
      ({ package: folder, file, name }) =>
        `${file} exports ${name}, which no target covers: add it to the decoders of one in packages/${folder}/fuzz`,
    );
}
