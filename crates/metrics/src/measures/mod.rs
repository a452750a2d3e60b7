//! Every measure, one file each: the entries of its metrics, what it needs, how it is computed, and
//! how it is resampled.
//!
//! A new one is a file here, a line in a list ([`pairs::PAIR_MEASURES`], [`codes::CODE_MEASURES`] [`sets::SET_MEASURES`]
//! or [`forecast::FORECAST_MEASURES`]) and a paragraph in docs/metrics.md. The catalogue, evaluations and reports
//! follow from the lists.

pub mod alignment;
mod attended;
pub mod captions;
pub mod classify;
pub mod codes;
pub mod control;
pub mod cost;
pub mod descriptions;
pub mod forecast;
pub mod game;
pub mod grounding;
pub mod motion;
pub mod noise;
pub mod oracles;
pub mod pairs;
pub mod segmentation;
pub mod sets;
pub mod subject;
pub mod super_resolution;
pub mod units;
