import { expect, test } from '@jest/globals';
import { memoryWorld, transportCompliance } from '../src/testing/index.js';

transportCompliance({ test, expect }, { name: 'in memory', create: memoryWorld });
