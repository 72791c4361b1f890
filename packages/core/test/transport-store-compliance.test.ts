import { expect, test } from '@jest/globals';
import { storeCompliance } from '../src/testing/index.js';
import { memoryStore } from '../src/transport/index.js';

storeCompliance({ test, expect }, { name: 'memory', create: async () => ({ store: memoryStore() }) });
