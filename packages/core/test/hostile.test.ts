import { expect, test } from '@jest/globals';
import { hostileSuite } from '../src/testing/hostile/index.js';

hostileSuite({ test, expect }, { name: 'default guard', guard: () => undefined });
