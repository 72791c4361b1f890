import { expect, test } from '@jest/globals';
import { hostileSuite } from '@yakmesh/core/testing/hostile';
import { createGuard } from '../src/index.js';

hostileSuite({ test, expect }, { name: 'createGuard', guard: (rateLimiter) => createGuard({ rateLimiter }) });
