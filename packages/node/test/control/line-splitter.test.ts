import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { LineSplitter } from '../../src/control/line-splitter.js';

test('however a text is cut into pieces, its lines are the same', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z\n]{0,8}$/)), (pieces) => {
      const splitter = new LineSplitter();
      const lines = pieces.flatMap((piece) =>
        splitter.push(Buffer.from(piece)).map((line) => Buffer.from(line).toString()),
      );
      const expected = pieces.join('').split('\n');
      const rest = expected.pop() ?? '';
      expect(lines).toEqual(expected);
      expect(splitter.pendingBytes).toBe(rest.length);
    }),
  );
});
