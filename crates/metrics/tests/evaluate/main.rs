//! The evaluator on models whose numbers are known.

mod catalogue;
mod dictionary;
mod evaluator;
mod forecasts;
mod game;
mod linear_gaussian;
mod models;
mod motion;
mod scenes;
