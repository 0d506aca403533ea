import { beforeEach, describe } from 'vitest';
import type { OpenOptions } from '../../../../electron/adapters/store/open.ts';
import { emptyDisk, type FakeDisk, FakeStore } from '../../../support/fake-store.ts';
import { storeConformance } from '../../../support/store-conformance.ts';
import { mustOpen, newPlace } from '../../../support/store-place.ts';

describe('the SQLite store', () => {
  let place: OpenOptions;
  beforeEach(() => {
    place = newPlace();
  });
  storeConformance(() => mustOpen(place).store);
});

describe('the fake store', () => {
  let disk: FakeDisk;
  beforeEach(() => {
    disk = emptyDisk();
  });
  storeConformance(() => new FakeStore(disk));
});
