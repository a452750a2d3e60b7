//! Lessons: a student writes one function of a generative model, and learns what is wrong with it.
//!
//! A lesson is a folder in `lessons/` and a line in [`LESSONS`]. [`create`] writes a crate with `todo!()` where the
//! lesson is; [`examine`] builds a copy of a student's `src/` together with the lesson's hidden checks, runs them, and
//! gives a [`Verdict`]: one [`Figure`] for each thing that is checked, under a name that stays.
//!
//! What a student's crate is built from lies in the [`Checkout`] that this program was built from. Course crates are
//! arranged so that cargo finds burn compiled there already.

mod checkout;
mod checks;
mod error;
mod examine;
mod figure;
mod lesson;
mod starter;

pub use checkout::Checkout;
pub use checks::{Checks, Figuring, report};
pub use error::CourseError;
pub use examine::examine;
pub use figure::{Figure, Verdict};
pub use lesson::{LESSONS, Lesson};
pub use starter::create;
