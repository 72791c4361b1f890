import { expect, test } from '@jest/globals';
import { transportCompliance } from '../src/testing/index.js';
import { socketWorld } from './support-network/socket-world.js';

transportCompliance({ test, expect }, { name: 'on WebSockets', create: socketWorld });
