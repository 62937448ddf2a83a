import { describe, expect, it } from 'vitest';
import { plainStreams } from '#app/cli/plain.ts';

describe('streams into a pipe', () => {
  const opened = () => {
    const said: string[] = [];
    const to = (name: string) => ({ write: (text: string) => said.push(`${name} ${text}`) });
    const plain = plainStreams(
      'tipoff evaluate',
      { stdout: to('out'), stderr: to('err') },
      { isService: true },
    );
    return { ...plain, said };
  };

  it('say nothing of their own while a command speaks, or is done before two seconds are over', () => {
    const { streams, look, said } = opened();
    look(0.5);
    look(1);
    streams.out('a line\n');
    look(1.5);
    look(2);
    streams.err('another\n');
    look(2.5);
    expect(said).toEqual(['out a line\n', 'err another\n']);
  });

  it('say on stderr what goes on when nothing was said for two seconds, again and again', () => {
    const { streams, look, said } = opened();
    for (const seconds of [0.5, 1, 1.5]) look(seconds);
    streams.meanwhile?.('learns points, week of 2024-11-04');
    for (const seconds of [2, 2.5, 3]) look(seconds);
    expect(said).toEqual([
      'err tipoff evaluate … 2 s\n',
      'err … 3 s: learns points, week of 2024-11-04\n',
    ]);
  });
});
