/**
 * Quantum-resistant identities, key encapsulation, authenticated encryption, batch signatures and byte coders for
 * YAKMESH, on node:crypto, WebCrypto or noble.
 *
 * @packageDocumentation
 */
export {
  bytesKey,
  bytesToHex,
  bytesToUtf8,
  concatBytes,
  copyBytes,
  equalBytes,
  hexToBytes,
  randomBytes,
  utf8ToBytes,
  wipe,
} from './bytes.js';
export { ByteReader } from './byte-reader.js';
export { BytePool } from './byte-pool.js';
export { ByteWriter } from './byte-writer.js';
export { discardBytes } from './discard.js';
export { CryptoError } from './errors.js';
export type { CryptoErrorCode } from './errors.js';

export {
  AES_KEY_BYTES,
  AES_NONCE_BYTES,
  AES_TAG_BYTES,
  aes256GcmOpen,
  aes256GcmSeal,
  aes256GcmSealInPlace,
  hkdfExpandSha256,
  hkdfExpandSha512,
  hkdfExtractSha256,
  hkdfExtractSha512,
  hmacSha256,
  hmacSha512,
  sha256,
  sha3_256,
  sha512,
} from './symmetric.js';

export { earlySecret, expandLabel, SigmaRoleKeys, SigmaSecrets } from './sigma.js';
export type { SigmaInputs } from './sigma.js';
export {
  decodeSigmaProof,
  encodeSigmaProof,
  SIGMA_HEADER_BYTES,
  SIGMA_NETWORK_PREFIX_BYTES,
  SIGMA_PARAMS_BYTES,
  SIGMA_PUZZLE_BYTES,
  SIGMA_SESSION_BYTES,
  SIGMA_THIRD_BYTES,
  sigmaFirstBytes,
  SigmaMessages,
  sigmaSecondBytes,
  SigmaType,
} from './sigma-messages.js';
export type {
  SigmaBody,
  SigmaChallenge,
  SigmaFirst,
  SigmaHeader,
  SigmaProof,
  SigmaRefusal,
  SigmaSecond,
  SigmaThird,
} from './sigma-messages.js';

export { NODE_ID_BYTES, NODE_ID_LENGTH } from './node-id.js';
export { decodeNodeId, encodeNodeId, isNodeId, nodeIdBytesOf, nodeIdOf } from './node-id.js';
export type { NodeId } from './node-id.js';
export { Identity } from './identity.js';
export type { IdentityJson, IdentityOptions, SigningIdentity, SignOptions } from './identity.js';
export { decodeIdentityFile, IDENTITY_FILE_BYTES } from './identity-file.js';
export type { IdentityFile } from './identity-file.js';
export type { ScryptCost } from './platform.js';
export { verifySignature } from './verify.js';
export type { VerifyOptions } from './verify.js';

export { kemOfSuite } from './kem.js';
export type { Kem, KemKeyPair, KemSuite } from './kem.js';
export { mlKem768, mlKem768With } from './ml-kem-768.js';
export { xWing, xWingWith } from './x-wing.js';

export { CONTEXT_BYTES_MAX, ML_DSA_65_PUBLIC_KEY_BYTES, ML_DSA_65_SIGNATURE_BYTES } from './provider.js';
export {
  ML_KEM_768_CIPHERTEXT_BYTES,
  ML_KEM_768_PUBLIC_KEY_BYTES,
  ML_KEM_768_SEED_BYTES,
} from './provider.js';
export { SEED_BYTES, SHARED_SECRET_BYTES, X25519_KEY_BYTES } from './provider.js';
export type {
  AsymmetricProvider,
  CompleteProvider,
  Encapsulation,
  MlDsa65,
  MlDsa65PrivateKey,
  MlKem768,
  MlKem768PrivateKey,
  ProviderName,
  X25519,
  X25519PrivateKey,
} from './provider.js';
export { nobleProvider } from './noble-provider.js';
export { autoProvider, nativeProvider } from './native-provider.js';
export { cryptoReport } from './report.js';
export type { CryptoReportEntry } from './report.js';

export {
  HASH_PUZZLE_BITS_MAX,
  HASH_PUZZLE_BITS_MIN,
  HASH_PUZZLE_PARTS,
  HASH_PUZZLE_PREFIX_BYTES_MAX,
  HASH_PUZZLE_SOLUTION_BYTES,
  HashPuzzleSolver,
  solvesHashPuzzle,
} from './hash-puzzle.js';
export type { HashPuzzlePosition } from './hash-puzzle.js';
export { PUZZLE_BITS_MAX, PUZZLE_BITS_MIN, PuzzleIssuer, puzzlePrefix } from './puzzle-issuer.js';
export type { PuzzledMessage, PuzzleIssuerOptions } from './puzzle-issuer.js';
export { CryptoPool } from './pool.js';
export type { PoolMode } from './pool.js';
export type { CryptoPoolOptions, PoolPriority, PoolSignOptions, PoolVerifyOptions } from './pool-options.js';
export type { SolvePuzzleOptions } from './puzzle-run.js';

export {
  BATCH_COUNT_MAX,
  BATCH_DEPTH_MAX,
  BATCH_HASH_BYTES,
  BATCH_HEAD_BYTES,
  batchContext,
  decodeBatchHead,
  encodeBatchHead,
  NETWORK_FINGERPRINT_BYTES,
} from './batch-head.js';
export type { BatchHead, BatchUse } from './batch-head.js';
export {
  LEAF_PREFIX_BYTES,
  leafHash,
  merklePath,
  merkleRoot,
  merkleTree,
  padLeaf,
  padLeaves,
  rootFromPath,
  SALT_BYTES,
  SHORT_SALT_BYTES,
  writeLeafPrefix,
} from './merkle.js';
export { BatchSigner, proofPath } from './batch-signer.js';
export type { BatchProof, BatchSign, BatchSignerOptions, SignedBatch } from './batch-signer.js';
export {
  decodeSlot,
  encodeSlot,
  SLOT_BYTES,
  SLOT_COUNT,
  SLOT_DEPTH,
  SlotSigner,
  verifySlot,
} from './batch-slot.js';
export type { BatchSlot, BatchVerify, SlotExpectation, SlotSignerOptions, SlotUse } from './batch-slot.js';
export { BatchVerifier } from './batch-verifier.js';
export type { BatchVerifierCounters, BatchVerifierOptions, VerifiedRoot } from './batch-verifier.js';
