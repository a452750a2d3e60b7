//! Trains a VAE on embedded digits and draws 64 of its own, as a picture: `sample [FILE.png]`.

#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use genlab::{Lab, LabError, models::vae::VaeConfig};

fn main() -> Result<(), LabError> {
    let file = std::env::args().nth(1).unwrap_or_else(|| "samples.png".to_owned());
    let lab = Lab::open("digits8x8")?;
    let vae = lab.train(20_000, |context| VaeConfig::default().init(context), |_, _| {})?;
    lab.save_png(&lab.samples(vae.as_ref(), 64)?, &file)?;
    println!("64 samples: {file}");
    Ok(())
}
