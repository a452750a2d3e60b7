//! Every kernel against the same thing made of burn's own operations.

mod conv;
mod support;
