//! The weight of the variational bound.

use crate::schedule::Schedule;

/// Where time is continuous, steps of this length stand for infinitely short ones.
const SHORT: f64 = 1e-5;

/// T/2 (SNR(s) − SNR(t)) of ‖x_0 − x̂_0‖², where s = t − 1/T (Eq. 13 and 14 of Kingma et al. 2021,
/// arXiv:2107.00630): with uniform times the mean over all of them is the part of the bound, in nats, that
/// noisy values cost. In continuous time T goes to infinity.
///
/// A first step from s = 0 has no SNR to come from: it is taken to give x_0 with the variance σ²/α² of its own
/// noise, which is T/2 SNR(t).
pub(super) fn on_start(schedule: &Schedule, t: f64) -> f64 {
    let length = schedule.steps().map_or(SHORT.min(t / 2.0), |steps| 1.0 / steps as f64);
    let later = schedule.at(t).signal_to_noise();
    let s = t - length;
    let earlier = if s < length / 2.0 { 2.0 * later } else { schedule.at(s).signal_to_noise() };
    0.5 * (earlier - later) / length
}
