// Tests with real sockets, processes and signatures share a machine with other work: one that fails is tried twice more, and each
// failure is printed. What fails three times is broken.
import { jest } from '@jest/globals';

jest.retryTimes(2, { logErrorsBeforeRetry: true });
