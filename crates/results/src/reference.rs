//! Rows to hold a model against.

use crate::metric::Metric;
use serde::{Deserialize, Serialize};

/// What a reference row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Real data: the best that can be hoped for.
    Real,
    /// A generator without a network.
    Baseline,
    /// Pure noise: what any model should beat.
    Noise,
}

/// The sample metrics of something that is not the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Reference {
    /// Its key, unique within a run: `real`, `noise`, or a baseline's.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it stands for.
    pub role: Role,
    /// The same sample metrics as the model's.
    pub metrics: Vec<Metric>,
}

/// As it is written. Files from before there were roles have none; the rows of real data and of
/// noise have always been called `real` and `noise`.
#[derive(Deserialize)]
struct Written {
    name: String,
    title: String,
    role: Option<Role>,
    metrics: Vec<Metric>,
}

impl From<Written> for Reference {
    fn from(written: Written) -> Self {
        let Written { name, title, role, metrics } = written;
        let role = role.unwrap_or(match name.as_str() {
            "real" => Role::Real,
            "noise" => Role::Noise,
            _ => Role::Baseline,
        });
        Self { name, title, role, metrics }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_from_before_there_were_roles_have_the_role_of_their_name() {
        let role = |name: &str, role: &str| {
            let json = format!(r#"{{"name": "{name}", "title": "x", {role} "metrics": []}}"#);
            serde_json::from_str::<Reference>(&json).unwrap().role
        };
        assert_eq!(
            ["real", "mixture", "noise"].map(|name| role(name, "")),
            [Role::Real, Role::Baseline, Role::Noise]
        );
        assert_eq!(role("static", r#""role": "noise","#), Role::Noise);
    }
}
