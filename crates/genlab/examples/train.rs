//! Trains a VAE on embedded digits and prints its loss.

#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use genlab::{Lab, LabError, models::vae::VaeConfig};

fn main() -> Result<(), LabError> {
    let lab = Lab::open("digits8x8")?;
    let build = |context: &_| VaeConfig::default().init(context);
    lab.train(20_000, build, |line, _| {
        println!("{:>6} images: {:?}", line.at.images, line.scalars);
    })?;
    Ok(())
}
