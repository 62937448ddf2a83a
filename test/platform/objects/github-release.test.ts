import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { openGitHubRelease } from '#platform/objects/github-release.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import {
  FAKE_GITHUB_TOKEN,
  FAKE_REPOSITORY,
  type FakeGitHub,
  fakeGitHub,
} from '#test/fakes/github-server.ts';

let github: FakeGitHub;
let clock: VirtualClock;
let store: ObjectStore;
const PLAIN = { contentType: 'text/plain' };
beforeEach(async () => {
  github = await fakeGitHub();
  clock = virtualClock('2025-01-10T17:00:00Z');
  store = openGitHubRelease({
    ...{ repository: FAKE_REPOSITORY, tag: 'tipoff-home', token: FAKE_GITHUB_TOKEN },
    ...{ apiUrl: github.url, clock },
  });
});
afterEach(() => github.close());

describe('the limits of GitHub', () => {
  it.each([
    ['too many requests', { status: 429, headers: { 'retry-after': '20' } }, 20],
    ['a secondary limit', { status: 403, headers: { 'retry-after': '60' } }, 60],
    [
      'an hour that is nearly over',
      {
        status: 403,
        headers: {
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': String(Date.parse('2025-01-10T17:01:30Z') / 1000),
        },
      },
      90,
    ],
  ])('%s: it waits as long as it is asked to, and goes on', async (_what, trouble, seconds) => {
    github.troubles.push(trouble);
    await store.put('a', 'one', PLAIN);
    expect(clock.slept).toEqual([seconds * 1000]);
    expect((await store.get('a'))?.bytes).toEqual(new Uint8Array(Buffer.from('one')));
  });

  it('that last for most of an hour are no refusal: what is stored stays, and it is to be tried later', async () => {
    const reset = String(Date.parse('2025-01-10T17:50:00Z') / 1000);
    github.troubles.push({
      status: 403,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset },
    });
    await expect(store.put('a', 'one', PLAIN)).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER_DOWN' });
    expect(clock.slept).toEqual([]);
  });

  it('are told from a refusal, which is not tried again', async () => {
    github.troubles.push({ status: 403, message: 'Resource not accessible by integration' });
    await expect(store.put('a', 'one', PLAIN)).rejects.toMatchObject({
      code: 'TIPOFF_PROVIDER',
      hint: expect.stringContaining('contents: write'),
    });
    expect(github.calls).toHaveLength(1);
  });
});

it('a token that may only read sees no draft, as on GitHub', async () => {
  await store.put('a', 'one', PLAIN);
  github.readOnly = true;
  const reading = openGitHubRelease({
    ...{ repository: FAKE_REPOSITORY, tag: 'tipoff-home', token: FAKE_GITHUB_TOKEN },
    ...{ apiUrl: github.url, clock },
  });
  expect(await reading.get('a')).toBeUndefined();
});
