import { enableCompileCache } from 'node:module';

// `main.ts <action>` runs an action; `main.ts --describe` prints what every action takes and gives. The steps of a job share
// what was compiled: nothing else may be loaded before.
enableCompileCache();
await import('./run.ts');
