import type { LinkErrorCode } from '../errors.js';
import type { LinkSecrets } from '../handshake/key-schedule.js';
import { RecordKeys } from '../record/record-keys.js';
import { encodeClose } from './control-frames.js';
import { padded } from './record-draft.js';

/** The only record of a link that does not come to be, by its responder: CLOSE in place of HS_DONE, so that the peer's dial fails with the code. */
export function refusalRecord(secrets: LinkSecrets, code: LinkErrorCode): Uint8Array {
  const keys = new RecordKeys(secrets.root, 'responder', 0);
  try {
    return keys.seal(padded([encodeClose(code)]));
  } finally {
    keys.destroy();
  }
}
