// Numbers that are no limits: sizes and marks of formats, which no load meets and no deployment changes. They have no
// row in docs/LIMITS.md. A name stands here with its package, so that a limit of the same name elsewhere needs its row.

const FORMATS = [
  {
    why: 'lengths that a standard fixes: FIPS 203, FIPS 204, RFC 7748, SP 800-38D, SHA-2, SHA-3',
    names: {
      crypto: [
        'AES_KEY_BYTES',
        'AES_NONCE_BYTES',
        'AES_TAG_BYTES',
        'CIPHERTEXT_BYTES',
        'COEFFICIENT_BYTES',
        'ML_DSA_65_PUBLIC_KEY_BYTES',
        'ML_DSA_65_SIGNATURE_BYTES',
        'ML_KEM_768_CIPHERTEXT_BYTES',
        'ML_KEM_768_PUBLIC_KEY_BYTES',
        'ML_KEM_768_SEED_BYTES',
        'MODULUS',
        'PUBLIC_KEY_BYTES',
        'SEED_BYTES',
        'SHA256_BYTES',
        'SHARED_SECRET_BYTES',
        'TAG_BYTES',
        'X25519_KEY_BYTES',
      ],
      core: ['CHAIN_BYTES', 'IV_BYTES', 'KEY_BYTES', 'SECRET_BYTES', 'TAG_BYTES'],
    },
  },
  {
    why: 'lengths and places of fields that PROTOCOL.md pins',
    names: {
      crypto: [
        'BATCH_HASH_BYTES',
        'BATCH_HEAD_BYTES',
        'BATCH_ID_AT',
        'HASH_BYTES',
        'HASH_PUZZLE_PARTS',
        'HASH_PUZZLE_SOLUTION_BYTES',
        'HEADER_BYTES',
        'IDENTITY_FILE_BYTES',
        'LEAF_INDEX_AT',
        'LEAF_LENGTH_AT',
        'LEAF_PREFIX_BYTES',
        'LEAF_SALT_AT',
        'NETWORK_FINGERPRINT_BYTES',
        'NODE_ID_BYTES',
        'NODE_ID_LENGTH',
        'NODE_INDEX_AT',
        'NODE_INPUT_BYTES',
        'NODE_LEFT_AT',
        'NODE_LEVEL_AT',
        'NODE_RIGHT_AT',
        'NUMBER_BYTES',
        'PAD_INPUT_BYTES',
        'SALT_BYTES',
        'SHORT_SALT_BYTES',
        'SLOT_BYTES',
        'SLOT_DEPTH',
        'UINT48_MAX',
      ],
      core: [
        'BLOCK_FIXED_BYTES',
        'BOOT_ID_BYTES',
        'BYTES',
        'CHALLENGE_BYTES',
        'CONFIRM_BYTES',
        'CONFIRM_CLEAR_BYTES',
        'ENTRY_BYTES_MAX',
        'FIN_BYTES',
        'FIXED_BYTES',
        'FLOW_OVERHEAD_BYTES',
        'FRAGMENT_HEADER_BYTES',
        'FRAGMENT_OVERHEAD_BYTES',
        'FRAME_HEADER_BYTES',
        'HASH_BYTES',
        'HEADER_BYTES',
        'HEAD_FRAME_BYTES',
        'LABEL_BYTES',
        'LAST_FRAME_BYTES',
        'LEAF_MESSAGE_PREFIX_BYTES',
        'MESSAGE_BYTES_MAX',
        'MESSAGE_ID_BYTES',
        'NETWORK_BYTES',
        'NETWORK_PREFIX_BYTES',
        'NODE_ID_BYTES',
        'NONCE_BYTES',
        'PARAMS_BYTES',
        'PURPOSE_OFFSET',
        'PUZZLE_BYTES',
        'RECORD_PADDING_BYTES',
        'REFUSE_BYTES',
        'SALT_BYTES',
        'SESSION_BYTES',
        'SHUFFLE_ID_BYTES',
        'SINGLE_FIXED_BYTES',
        'TO_BYTES',
        'TTL_OFFSET',
        'U64_BYTES',
      ],
      defense: [
        'GROUPS',
        'HEAD_BYTES',
        'NONCE_BYTES',
        'SECRET_BYTES',
        'SEED_BYTES',
        'SOLUTION_BYTES',
        'U32_MAX',
        'USED_NAME_BYTES',
        'UTF8_BYTES_PER_UNIT_MAX',
      ],
      node: ['PLAIN_IDENTITY_BYTES'],
    },
  },
  {
    why: 'marks, versions and codes that a reader compares',
    names: {
      crypto: ['KDF_SCRYPT', 'MAGIC', 'VERSION'],
      core: [
        'ABNORMAL',
        'CLOSE_NORMAL',
        'CLOSE_POLICY',
        'ENVELOPE_VERSION',
        'FLAG_LAST',
        'FORMAT',
        'HELD_FLAG',
        'LINK_VERSION',
        'MAGIC',
        'NORMAL',
        'OPEN',
        'PRIORITY.*',
        'PRIVATE_USE',
      ],
      defense: [
        'ALLOWED.*',
        'BACKSLASH',
        'CLOSE_ARRAY',
        'CLOSE_OBJECT',
        'COLON',
        'COMMA',
        'DOT',
        'LOWER_U',
        'MAGIC',
        'MINUS',
        'OPEN_ARRAY',
        'OPEN_OBJECT',
        'POINT',
        'QUOTE',
        'REPUTATION_VERSION',
        'VERSION',
        'ZERO',
      ],
      node: ['EXIT.*', 'MAGIC', 'SWITCHING_PROTOCOLS', 'TOO_MANY_REQUESTS', 'VERSION'],
    },
  },
  {
    why: 'weights that grade faults against each other',
    names: { core: ['PENALTIES.*'] },
  },
  {
    why: 'arithmetic of units and of number formats',
    names: {
      crypto: ['PART_SAVINGS_BITS', 'START.*', 'U32_VALUES'],
      core: ['MINUTE_MS', 'RATCHET_PARITY', 'SECOND_MS', 'U32_VALUES'],
      defense: ['MINUTE_MS', 'SECOND_MS'],
      node: ['MS_PER_SECOND', 'OTHERS_MODE', 'PRIVATE_MODE'],
    },
  },
];

const listed = FORMATS.flatMap(({ names }) =>
  Object.entries(names).flatMap(([folder, all]) => all.map((name) => ({ package: folder, name }))),
);

/** Whether an entry of the list means a constant; `NAME.*` means every field of an object. */
const means = (entry, constant) =>
  entry.package === constant.package &&
  (entry.name === constant.name ||
    (entry.name.endsWith('.*') && constant.name.startsWith(entry.name.slice(0, -1))));

export function isFormat(constant) {
  return listed.some((entry) => means(entry, constant));
}

/** What the list names and no source has. */
export function staleFormats(constants) {
  return listed
    .filter((entry) => !constants.some((constant) => means(entry, constant)))
    .map(
      ({ name, package: folder }) =>
        `tools/limits-check/formats.mjs: remove ${name}, which no source of packages/${folder} has`,
    );
}
