//! Which values settings can have: each config checks its own fields, beside them, and a fault carries
//! the path of keys to where it lies.

use std::fmt::Display;

/// Beyond this a size is a slip of the finger.
pub const LARGEST_SIZE: usize = 1_000_000;
/// Levels of a network that halves its images: more would halve any image to nothing.
pub const MOST_LEVELS: usize = 16;

/// A setting with a value that no run can have: "optimizer.clip_norm is -1; it must be above 0".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {problem}", if path.is_empty() { "the model" } else { path })]
pub struct Fault {
    /// Keys from the outermost settings that know about the fault, joined by dots; empty for these settings as a whole.
    pub path: String,
    /// What is wrong and how to mend it, as the rest of a sentence.
    pub problem: String,
}

impl Fault {
    /// A fault of the setting `key`.
    pub fn new(key: &str, problem: impl Into<String>) -> Self {
        Self { path: key.to_owned(), problem: problem.into() }
    }

    /// A fault of the settings as a whole: their model and the data do not go together.
    pub fn of_all(problem: impl Into<String>) -> Self {
        Self::new("", problem)
    }

    /// The same fault, seen from the settings that hold these ones as `key`.
    #[must_use]
    pub fn within(self, key: &str) -> Self {
        let path = if self.path.is_empty() { key.into() } else { format!("{key}.{}", self.path) };
        Self { path, ..self }
    }
}

/// Settings that know which values they can have.
pub trait Check {
    /// # Errors
    /// The first field, in their order, whose value makes no sense.
    fn check(&self) -> Result<(), Fault>;
}

/// The settings that lie under `key`.
///
/// # Errors
/// Their fault, with `key` in front of its path.
pub fn within(key: &str, settings: &impl Check) -> Result<(), Fault> {
    settings.check().map_err(|fault| fault.within(key))
}

/// The settings that lie under `key`, where they are on.
///
/// # Errors
/// As [`within`].
pub fn optional_within(key: &str, settings: Option<&impl Check>) -> Result<(), Fault> {
    settings.map_or(Ok(()), |settings| within(key, settings))
}

/// # Errors
/// When `value` is below `least`.
pub fn at_least<T: PartialOrd + Display>(key: &str, value: T, least: T) -> Result<(), Fault> {
    require(value >= least, key, &value, format_args!("at least {least}"))
}

/// # Errors
/// When `value` is above `most`.
pub fn at_most<T: PartialOrd + Display>(key: &str, value: T, most: T) -> Result<(), Fault> {
    require(value <= most, key, &value, format_args!("at most {most}"))
}

/// A number of things, of which there may be none.
///
/// # Errors
/// Above [`LARGEST_SIZE`].
fn count(key: &str, value: usize) -> Result<(), Fault> {
    at_most(key, value, LARGEST_SIZE)
}

/// A number of things, of which there is at least one.
///
/// # Errors
/// At 0 and above [`LARGEST_SIZE`].
pub fn size(key: &str, value: usize) -> Result<(), Fault> {
    at_least(key, value, 1)?;
    count(key, value)
}

/// The value of an optional setting, where it is on.
///
/// # Errors
/// That of `rule`.
pub fn optional<T>(
    key: &str,
    value: Option<T>,
    rule: impl FnOnce(&str, T) -> Result<(), Fault>,
) -> Result<(), Fault> {
    value.map_or(Ok(()), |value| rule(key, value))
}

/// Sizes of any number of layers.
///
/// # Errors
/// As [`size`], for the first that is wrong.
pub fn sizes(key: &str, values: &[usize]) -> Result<(), Fault> {
    values.iter().try_for_each(|value| size(key, *value))
}

/// Channels of a network that halves its images from one to the next.
///
/// # Errors
/// As [`sizes`], and for more than [`MOST_LEVELS`] of them.
pub fn levels(key: &str, channels: &[usize]) -> Result<(), Fault> {
    if channels.len() > MOST_LEVELS {
        let problem = format!("has {} levels; it must have at most {MOST_LEVELS}", channels.len());
        return Err(Fault::new(key, problem));
    }
    sizes(key, channels)
}

/// # Errors
/// For an odd number, and below `least`.
pub fn even(key: &str, value: usize, least: usize) -> Result<(), Fault> {
    let holds = value >= least && value.is_multiple_of(2);
    require(holds, key, value, format_args!("an even number, at least {least}"))?;
    count(key, value)
}

/// A number that `divisor`, which sentences call `what`, divides.
///
/// # Errors
/// For any other.
pub fn multiple(key: &str, value: usize, divisor: usize, what: impl Display) -> Result<(), Fault> {
    require(value.is_multiple_of(divisor), key, value, format_args!("a multiple of {what}"))
}

/// # Errors
/// For what is no number, and for infinity.
pub fn finite(key: &str, value: f64) -> Result<(), Fault> {
    require(value.is_finite(), key, value, "a finite number")
}

/// # Errors
/// At 0 and below.
pub fn positive(key: &str, value: f64) -> Result<(), Fault> {
    require(value.is_finite() && value > 0.0, key, value, "above 0")
}

/// # Errors
/// Below 0.
pub fn non_negative(key: &str, value: f64) -> Result<(), Fault> {
    require(value.is_finite() && value >= 0.0, key, value, "0 or greater")
}

/// A share of something that is never all of it: in [0, 1).
///
/// # Errors
/// Outside of it.
pub fn share(key: &str, value: f64) -> Result<(), Fault> {
    require((0.0..1.0).contains(&value), key, value, "0 or greater, and below 1")
}

fn require(holds: bool, key: &str, value: impl Display, rule: impl Display) -> Result<(), Fault> {
    if holds {
        return Ok(());
    }
    Err(Fault::new(key, format!("is {value}; it must be {rule}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Inner {
        width: usize,
    }

    struct Outer {
        inner: Inner,
    }

    impl Check for Inner {
        fn check(&self) -> Result<(), Fault> {
            size("width", self.width)
        }
    }

    impl Check for Outer {
        fn check(&self) -> Result<(), Fault> {
            within("inner", &self.inner)
        }
    }

    fn sentence(result: Result<(), Fault>) -> String {
        result.expect_err("a fault").to_string()
    }

    #[test]
    fn a_fault_carries_its_path_outwards() {
        let fault = Outer { inner: Inner { width: 0 } }.check();
        assert_eq!(sentence(fault), "inner.width is 0; it must be at least 1");
        assert_eq!(Outer { inner: Inner { width: 1 } }.check(), Ok(()));
    }

    #[test]
    fn every_rule_names_the_value_and_what_it_must_be() {
        for (result, expected) in [
            (non_negative("beta", -1.0), "beta is -1; it must be 0 or greater"),
            (positive("sigma", 0.0), "sigma is 0; it must be above 0"),
            (share("decay", 1.0), "decay is 1; it must be 0 or greater, and below 1"),
            (size("hidden", 2_000_000), "hidden is 2000000; it must be at most 1000000"),
            (sizes("hidden", &[4, 0]), "hidden is 0; it must be at least 1"),
            (even("dim", 5, 4), "dim is 5; it must be an even number, at least 4"),
            (even("dim", 2, 4), "dim is 2; it must be an even number, at least 4"),
            (multiple("width", 6, 4, "4"), "width is 6; it must be a multiple of 4"),
            (levels("channels", &[1; 17]), "channels has 17 levels; it must have at most 16"),
            (positive("rate", f64::NAN), "rate is NaN; it must be above 0"),
        ] {
            assert_eq!(sentence(result), expected);
        }
    }

    #[test]
    fn the_ends_of_each_range_belong_to_it() {
        for result in [
            non_negative("x", 0.0),
            share("x", 0.0),
            size("x", 1),
            size("x", LARGEST_SIZE),
            count("x", 0),
            even("x", 4, 4),
            levels("x", &[1; MOST_LEVELS]),
            sizes("x", &[]),
        ] {
            assert_eq!(result, Ok(()));
        }
    }
}
