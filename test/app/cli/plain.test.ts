import { describe, expect, it } from 'vitest';
import { plainStreams } from '#app/cli/plain.ts';

describe('streams into a pipe', () => {
  const opened = () => {
    const written: string[] = [];
    const to = (name: string) => ({ write: (text: string) => written.push(`${name} ${text}`) });
    const plain = plainStreams(
      'tipoff evaluate',
      { stdout: to('out'), stderr: to('err') },
      { isService: true },
    );
    return { ...plain, written };
  };

  it('say nothing of their own while a command speaks, or is done before two seconds are over', () => {
    const { streams, checkSilence, written } = opened();
    checkSilence(0.5);
    checkSilence(1);
    streams.out('a line\n');
    checkSilence(1.5);
    checkSilence(2);
    streams.err('another\n');
    checkSilence(2.5);
    expect(written).toEqual(['out a line\n', 'err another\n']);
  });

  it('say on stderr what goes on when nothing was written for two seconds, again and again', () => {
    const { streams, checkSilence, written } = opened();
    for (const seconds of [0.5, 1, 1.5]) checkSilence(seconds);
    streams.meanwhile?.('learns points, week of 2024-11-04');
    for (const seconds of [2, 2.5, 3]) checkSilence(seconds);
    expect(written).toEqual([
      'err tipoff evaluate … 2 s\n',
      'err … 3 s: learns points, week of 2024-11-04\n',
    ]);
  });
});
