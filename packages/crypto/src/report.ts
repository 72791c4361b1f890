import { platform } from '#platform';
import { autoProvider } from './native-provider.js';

/** Who computes an algorithm here. */
export interface CryptoReportEntry {
  /** The algorithm's name as its standard writes it. */
  readonly algorithm: string;
  /** `noble`, `node:crypto` or `WebCrypto`. */
  readonly provider: string;
  /** One sentence for people. */
  readonly detail: string;
}

/** Which provider does what in this process; `yakmesh doctor` prints it. */
export async function cryptoReport(): Promise<readonly CryptoReportEntry[]> {
  const provider = await autoProvider();
  const native = platform.nativeName;
  const asymmetric = (algorithm: string, isNative: boolean): CryptoReportEntry => ({
    algorithm,
    provider: isNative ? native : 'noble',
    detail: isNative
      ? `${native} passed its round trip with noble`
      : `${native} lacks it or failed its round trip, so portable JavaScript does it`,
  });
  const isNativeKem = provider.mlKem768.provider === 'native';
  const isNativeCurve = provider.x25519.provider === 'native';
  const symmetric = ['AES-256-GCM', 'SHA-256', 'SHA-512', 'SHA3-256', 'HMAC', 'HKDF', 'scrypt'];
  return [
    asymmetric('ML-DSA-65', provider.mlDsa65.provider === 'native'),
    asymmetric('ML-KEM-768', isNativeKem),
    asymmetric('X25519', isNativeCurve),
    {
      algorithm: 'X-Wing',
      provider: isNativeKem === isNativeCurve ? (isNativeKem ? native : 'noble') : `${native} and noble`,
      detail: 'ML-KEM-768 and X25519 combined by SHA3-256',
    },
    ...symmetric.map((algorithm) => ({
      algorithm,
      provider: platform.symmetricProvider,
      detail: 'synchronous, fixed for this platform',
    })),
  ];
}
