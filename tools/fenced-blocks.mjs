// Fenced code blocks of a Markdown file, by their info strings.

/** Every block as `{ info, code, line }`, where info is what follows the opening fence and line that fence's number. */
export function fencedBlocks(markdown) {
  const blocks = [];
  let open;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (open === undefined) {
      const info = /^```(\S.*)?$/.exec(line);
      if (info !== null) open = { info: (info[1] ?? '').trim(), lines: [], line: index + 1 };
    } else if (line.trimEnd() === '```') {
      blocks.push({ info: open.info, code: `${open.lines.join('\n')}\n`, line: open.line });
      open = undefined;
    } else {
      open.lines.push(line);
    }
  }
  return blocks;
}

/** The one block of a file that is meant to be copied to a file of this name: its info is `<language> <name>`. */
export function blockNamed(markdown, name) {
  const block = fencedBlocks(markdown).find(({ info }) => info.split(/\s+/)[1] === name);
  if (block === undefined) throw new Error(`README.md has no fenced block for ${name}.`);
  return block.code;
}
