/** Part of a stream's name: streams with different names are independent. */
export type StreamLabel = string | number;

/**
 * A seeded random stream: sfc32 (Chris Doty-Humphrey's small fast counting generator, 128 bits of state, passes
 * PractRand), seeded through splitmix32. The same seed gives the same numbers on every machine.
 *
 * `fork` derives an independent stream from the name of a purpose. It depends on the seed and the name only, never on
 * how many numbers were drawn, so a new consumer does not change what the others draw.
 */
export class Random {
  private readonly key: number;
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 1;

  constructor(seed: number) {
    this.key = seed | 0;
    let state = this.key;
    const split = (): number => {
      state = (state + 0x9e3779b9) | 0;
      return scramble(state);
    };
    this.a = split();
    this.b = split();
    this.c = split();
    for (let i = 0; i < 12; i++) this.next();
  }

  /** An independent stream for a named purpose, for example `fork('game', gameId)`. */
  fork(...labels: readonly StreamLabel[]): Random {
    let key = this.key ^ 0x5bd1e995;
    for (const label of labels)
      key = scramble(Math.imul(key, 31) + (typeof label === 'number' ? label : hashText(label)));
    return new Random(key);
  }

  /** Uniform in [0, 1), 32 bits. */
  next(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    this.c |= 0;
    return (sum >>> 0) / 4294967296;
  }

  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** Uniform between two numbers. */
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** True with a probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Normal deviate (Box-Muller, the cosine half). Always two draws, so that streams stay aligned. */
  normal(mean = 0, sd = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return mean + sd * radius * Math.cos(2 * Math.PI * this.next());
  }

  /** Normal deviate kept inside [low, high]. */
  normalWithin(mean: number, sd: number, low: number, high: number): number {
    return Math.min(high, Math.max(low, this.normal(mean, sd)));
  }

  /** Poisson count (Knuth's product of uniforms; meant for means below about 30). */
  poisson(mean: number): number {
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.next(); product > limit; product *= this.next()) count += 1;
    return count;
  }

  /** Successes in `trials` independent trials. */
  binomial(trials: number, probability: number): number {
    let count = 0;
    for (let i = 0; i < trials; i++) if (this.next() < probability) count += 1;
    return count;
  }

  /** One element of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    const found = list[Math.floor(this.next() * list.length)];
    if (found === undefined)
      throw new RangeError('expected a list with at least one element, saw an empty one');
    return found;
  }

  /** The elements in random order (sorted by a random key); the argument stays as it is. */
  shuffled<T>(list: readonly T[]): T[] {
    const keyed = list.map((value) => ({ value, order: this.next() }));
    return keyed.sort((x, y) => x.order - y.order).map(({ value }) => value);
  }
}

/** FNV-1a of a text, 32 bits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** The finaliser of MurmurHash3: every bit of the input moves half of the output's. */
export function scramble(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/**
 * Uniform numbers in [0, 1) from a seed (mulberry32): the same seed gives the same sequence on every machine. For bootstraps
 * of evaluations only, whose recorded intervals come from this stream; everything else draws from {@link Random}.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
