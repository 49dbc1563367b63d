import fc from "fast-check";

// Tests are deterministic: property tests try the same cases in every run. To look further is packages/fuzz's work.
fc.configureGlobal({ seed: 8471 });
