export interface StoredObject {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Changes with every write; usable as precondition. */
  readonly etag: string;
  readonly contentType: string;
}

export interface PutOptions {
  readonly contentType: string;
  readonly cacheControl?: string;
  /** Write only if the stored object has this etag; '' = only if there is none. A broken precondition is TIPOFF_CONFLICT. */
  readonly ifMatch?: string;
}

/** Named bytes: exports, models, reports. Writes are atomic; a reader never sees half an object. Paths are relative, with forward slashes; `..` is refused. */
export interface ObjectStore {
  put(path: string, bytes: Uint8Array | string, options: PutOptions): Promise<{ etag: string }>;
  get(path: string): Promise<StoredObject | undefined>;
  list(prefix: string): Promise<string[]>;
  delete(path: string): Promise<boolean>;
  /** Location of an object, for people: a file path or an address. */
  locate(path: string): string;
}
