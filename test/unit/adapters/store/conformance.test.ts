import { afterEach, beforeEach, describe } from 'vitest';
import type { OpenOptions } from '../../../../electron/adapters/store/open.ts';
import { emptyDisk, type FakeDisk, FakeStore } from '../../../support/fake-store.ts';
import { storeConformance } from '../../../support/store-conformance.ts';
import { newPlace } from '../../../support/store-place.ts';
import { closeThreads, mustOpenThread } from '../../../support/store-threads.ts';

describe('the SQLite store in its thread', () => {
  let place: OpenOptions;
  beforeEach(() => {
    place = newPlace();
  });
  afterEach(closeThreads);
  storeConformance(async () => (await mustOpenThread(place)).thread);
});

describe('the fake store', () => {
  let disk: FakeDisk;
  beforeEach(() => {
    disk = emptyDisk();
  });
  storeConformance(() => Promise.resolve(new FakeStore(disk)));
});
