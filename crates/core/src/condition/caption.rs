//! What reads captions, and the finished run that it may begin with.

use super::ConditionConfig;
use crate::{
    base::{Base, differing},
    context::{InitContext, Start},
    nn::TextConfig,
    opened::{OpenedRun, deserialize_optional_path},
    params::adopt_renamed,
    settings::{Check, Fault},
    state::Section,
};
use burn::module::Module;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The setting: what reads captions, and what it begins with.
///
/// Stable Diffusion reads prompts by CLIP's encoder in the place that section 3.3 of Rombach et al. 2022
/// (arXiv:2112.10752) has for one, and keeps it as it is; here it is trained further like everything else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CaptionConfig {
    /// What reads them.
    #[serde(flatten)]
    pub text: TextConfig,
    /// Run directory of a finished run of clip whose encoder of captions this one begins with; None: with fresh weights.
    #[serde(deserialize_with = "deserialize_optional_path")]
    pub run: Option<PathBuf>,
}

impl Check for CaptionConfig {
    fn check(&self) -> Result<(), Fault> {
        self.text.check()?;
        if self.run.as_ref().is_some_and(|run| run.as_os_str().is_empty()) {
            let problem = "is empty; give the run directory of a finished run of clip, or none";
            return Err(Fault::new("run", problem));
        }
        Ok(())
    }
}

/// What encoders of captions are called in networks that are told some, and in the run that they begin with.
const OWN: &str = "caption.encoder.";
const THEIRS: &str = "text.encoder.";
/// What that run calls its network, and the settings of its encoder.
const NET: &str = "net";
const TEXT: &str = "text";

/// The weights that encoders of captions begin with.
pub struct EncoderStart<'a> {
    /// What the settings call the condition.
    key: &'a str,
    /// The run that they come from; None: they are those that were drawn, or will be put back.
    run: Option<(Base<'a>, OpenedRun)>,
}

impl ConditionConfig {
    /// The run that the encoder of captions begins with, where the setting names one.
    pub fn run(&self) -> Option<&Path> {
        match self {
            Self::Caption(CaptionConfig { run, .. }) => run.as_deref(),
            _ => None,
        }
    }

    /// What the encoders of captions of a model with this setting begin with. No run is opened where all weights are put back
    /// ([`Start::Restored`]).
    ///
    /// # Errors
    /// When the run cannot be opened, has no such encoder, or one of another size; faults are those of `key`.
    pub fn encoder_start<'a>(
        &'a self,
        key: &'a str,
        context: &InitContext,
    ) -> Result<EncoderStart<'a>, Fault> {
        let fresh = EncoderStart { key, run: None };
        let Self::Caption(CaptionConfig { text, run: Some(run) }) = self else { return Ok(fresh) };
        if context.start == Start::Restored {
            return Ok(fresh);
        }
        let base = Base { key: "run", run };
        let opened = base.any(context).map_err(|fault| fault.within(key))?;
        require_encoder(base, &opened, *text, key).map_err(|fault| fault.within(key))?;
        Ok(EncoderStart { key, run: Some((base, opened)) })
    }
}

impl EncoderStart<'_> {
    /// `net` with the weights that the run is judged by in its encoder of captions: the averages, where it keeps some.
    ///
    /// # Errors
    /// When the run has read other words than `net` is to read.
    pub fn begin<M: Module>(&self, net: M) -> Result<M, Fault> {
        let Some((base, opened)) = &self.run else { return Ok(net) };
        let theirs = |own: &str| own.strip_prefix(OWN).map(|name| format!("{THEIRS}{name}"));
        let begun = adopt_renamed(net, NET, theirs, &mut opened.state.clone());
        begun.map_err(|_| base.fault(opened, OTHER_WORDS).within(self.key))
    }
}

const OTHER_WORDS: &str = "has read other words, or captions of another length; give a run on a dataset that says the same";

/// # Errors
/// When the run has no encoder of captions, or one of another size than `text`, which the settings call `key`.
fn require_encoder(
    base: Base<'_>,
    opened: &OpenedRun,
    text: TextConfig,
    key: &str,
) -> Result<(), Fault> {
    if !opened.state.has(Section::Weights, &format!("{NET}.{THEIRS}embedding")) {
        return Err(base.is_of_another(opened, "clip"));
    }
    let own = serde_json::to_value(text).expect("settings are plain values");
    let Some((path, theirs, own)) = differing(TEXT, &opened.settings[TEXT], &own) else {
        return Ok(());
    };
    let setting = path.replacen(TEXT, key, 1);
    let problem = format!(
        "was trained with {path} = {theirs} and not {own}; choose another run, or set {setting} to {theirs}"
    );
    Err(base.fault(opened, problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        condition::{Captions, Words},
        nn::{CaptionEmbedding, Linear, init_module},
        noise::Seed,
        params::{NamedParam, named_params},
        shape::ImageShape,
        space::Space,
        testing::{self, Reader},
    };
    use serde_json::{Value, json};
    use std::sync::Arc;

    /// A network that is told captions.
    #[derive(Module, Debug)]
    struct Net {
        other: Linear,
        caption: Option<CaptionEmbedding>,
    }

    fn context() -> InitContext {
        testing::context(Space::images(ImageShape::new(3, 8, 8)))
    }

    fn captions() -> Captions {
        Captions { words: context().words.expect("captions"), text: TextConfig::default() }
    }

    fn net() -> Net {
        init_module(Seed(1), "net", &context().device, |device| Net {
            other: Linear::new(3, 4, device),
            caption: Some(CaptionEmbedding::new(captions(), 5, 1.0, device)),
        })
    }

    fn told(run: &str) -> ConditionConfig {
        ConditionConfig::Caption(CaptionConfig {
            run: Some(run.into()),
            ..CaptionConfig::default()
        })
    }

    fn beside(reader: Reader) -> InitContext {
        InitContext { runs: Arc::new(reader), ..context() }
    }

    fn params(net: &Net) -> Vec<(String, Vec<f32>)> {
        let host = |param: NamedParam| {
            (param.name, param.value.into_data().try_into_vec::<f32>().expect("f32"))
        };
        named_params(net).into_iter().map(host).collect()
    }

    #[test]
    fn the_encoder_begins_with_the_average_of_the_run_and_nothing_else_is_other() {
        let (condition, reader) = (told("shelf"), Reader(captions()));
        let start = condition.encoder_start("condition", &beside(reader)).expect("on the shelf");
        let begun = params(&start.begin(net()).expect("it fits"));
        let expected = reader.encoder();
        for ((name, before), (same, after)) in params(&net()).into_iter().zip(begun) {
            assert_eq!(name, same);
            match name.strip_prefix(OWN) {
                Some(name) => assert_eq!(after, expected[name], "{name}"),
                None => assert_eq!(after, before, "{name}"),
            }
        }
        assert_ne!(reader.raw_encoder()["embedding"], expected["embedding"], "it has learned");
    }

    #[test]
    fn no_run_is_opened_where_none_is_named_or_all_weights_are_put_back() {
        let restored = InitContext { start: Start::Restored, ..context() };
        let fresh = ConditionConfig::Caption(CaptionConfig::default());
        let told = told("shelf");
        for (condition, context) in [(&fresh, context()), (&told, restored)] {
            let start = condition.encoder_start("condition", &context).expect("nothing is opened");
            assert_eq!(params(&start.begin(net()).expect("as it is")), params(&net()));
        }
        assert!(told.encoder_start("condition", &context()).is_err(), "there is no such run");
    }

    #[test]
    fn encoders_of_another_size_or_of_other_words_are_refused() {
        let condition = told("shelf");
        let text = TextConfig { width: 32, ..TextConfig::default() };
        let wide = beside(Reader(Captions { text, ..captions() }));
        let fault = condition.encoder_start("condition", &wide).err().expect("refused").to_string();
        let expected = "condition.run is shelf, whose clip was trained with text.width = 32 and not 64; choose another run, or \
                        set condition.width to 32";
        assert_eq!(fault, expected);
        let words = Words { length: 7, ..captions().words };
        let long = beside(Reader(Captions { words, ..captions() }));
        let start = condition.encoder_start("condition", &long).expect("of the same size");
        let fault = start.begin(net()).expect_err("refused").to_string();
        let expected = "condition.run is shelf, whose clip has read other words, or captions of another length; give a run on a \
                        dataset that says the same";
        assert_eq!(fault, expected);
        let fault = told("").conditions("condition", &context()).expect_err("refused").to_string();
        assert!(fault.starts_with("condition.run is empty; give the run directory"), "{fault}");
    }

    #[test]
    fn files_that_name_no_run_are_read_as_before() {
        let read = |json: Value| serde_json::from_value::<ConditionConfig>(json).expect("settings");
        let text = TextConfig { width: 32, ..TextConfig::default() };
        let before = CaptionConfig { text, run: None };
        let written = json!({ "kind": "caption", "width": 32 });
        assert_eq!(read(written), ConditionConfig::Caption(before));
        assert_eq!(read(json!({ "kind": "caption", "run": "./shelf/" })), told("shelf"));
        let whole = json!({
            "kind": "caption", "width": 64, "depth": 2, "heads": 4, "mlp_ratio": 4, "run": null
        });
        let default = ConditionConfig::Caption(CaptionConfig::default());
        assert_eq!(serde_json::to_value(&default).expect("plain values"), whole);
        assert_eq!(read(whole), default);
    }
}
