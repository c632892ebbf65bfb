import fc from 'fast-check';

// In CI properties are tried with the same cases every time, so that a failure is the doing of the change. Elsewhere
// fast-check takes other cases with every run, and prints the seed of those that fail.
if (process.env['CI'] === 'true') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 20_261_129 });
