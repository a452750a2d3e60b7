//! Settings and final numbers for TensorBoard's table of runs, its plugin "hparams".

use super::{EventWriter, metadata, since_epoch, tensor};
use crate::error::Result;
use genlab_results::FileError;
use protobuf::{Message, RepeatedField, well_known_types::Value};
use std::collections::BTreeMap;
use tensorboard_proto::{
    api::{DataType as Kind, Experiment, HParamInfo, MetricInfo, MetricName, Status},
    plugin_hparams::{HParamsPluginData, SessionEndInfo, SessionStartInfo},
    summary::Summary_Value,
    types::DataType,
};

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// A number.
    Number(f64),
    /// A word.
    Word(String),
    /// On or off.
    Switch(bool),
}

/// A number of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricColumn {
    /// The tag of the scalar that it is the last value of.
    pub tag: String,
    /// The heading.
    pub title: String,
    /// What it says.
    pub meaning: String,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With results.
    Finished,
    /// Without.
    Failed,
}

impl EventWriter {
    /// The columns of the table: settings, those in `first` before the others, and numbers. TensorBoard takes them from any one
    /// run of those that it shows, so all runs that may be shown together should name the same.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn columns(
        &mut self,
        settings: &BTreeMap<String, Setting>,
        first: &[&str],
        metrics: &[MetricColumn],
    ) -> Result<()> {
        let setting = |(name, value): (&String, &Setting)| {
            let mut info = HParamInfo::new();
            info.set_name(name.clone());
            info.set_field_type(match value {
                Setting::Number(_) => Kind::DATA_TYPE_FLOAT64,
                Setting::Word(_) => Kind::DATA_TYPE_STRING,
                Setting::Switch(_) => Kind::DATA_TYPE_BOOL,
            });
            if first.contains(&name.as_str()) {
                // `differs`, which this version of the messages lacks: such columns come first.
                const DIFFERS: u32 = 7;
                info.unknown_fields.add_varint(DIFFERS, 1);
            }
            info
        };
        let metric = |column: &MetricColumn| {
            let mut name = MetricName::new();
            name.set_tag(column.tag.clone());
            let mut info = MetricInfo::new();
            info.set_name(name);
            info.set_display_name(column.title.clone());
            info.set_description(column.meaning.clone());
            info
        };
        let mut experiment = Experiment::new();
        experiment.set_hparam_infos(settings.iter().map(setting).collect());
        experiment.set_metric_infos(metrics.iter().map(metric).collect::<RepeatedField<_>>());
        let mut data = HParamsPluginData::new();
        data.set_experiment(experiment);
        self.told("_hparams_/experiment", 0, &data)
    }

    /// The run's row: its settings.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn started(&mut self, settings: &BTreeMap<String, Setting>) -> Result<()> {
        let value = |(name, setting): (&String, &Setting)| {
            let mut value = Value::new();
            match setting {
                Setting::Number(number) => value.set_number_value(*number),
                Setting::Word(word) => value.set_string_value(word.clone()),
                Setting::Switch(on) => value.set_bool_value(*on),
            }
            (name.clone(), value)
        };
        let mut info = SessionStartInfo::new();
        info.set_hparams(settings.iter().map(value).collect());
        info.set_start_time_secs(since_epoch().as_secs_f64());
        let mut data = HParamsPluginData::new();
        data.set_session_start_info(info);
        self.told("_hparams_/session_start_info", 0, &data)
    }

    /// That the run is over, after `step`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn ended(&mut self, step: u64, end: End) -> Result<()> {
        let mut info = SessionEndInfo::new();
        info.set_status(match end {
            End::Finished => Status::STATUS_SUCCESS,
            End::Failed => Status::STATUS_FAILURE,
        });
        info.set_end_time_secs(since_epoch().as_secs_f64());
        let mut data = HParamsPluginData::new();
        data.set_session_end_info(info);
        self.told("_hparams_/session_end_info", step, &data)
    }

    /// The plugin reads what stands beside the value, which is a tensor of nothing.
    fn told(&mut self, tag: &str, step: u64, data: &HParamsPluginData) -> Result<()> {
        let content = data.write_to_bytes().map_err(std::io::Error::from);
        let content = content.map_err(|source| FileError::write(self.path(), source))?;
        let mut entry = Summary_Value::new();
        entry.set_tensor(tensor(DataType::DT_FLOAT, 0));
        entry.set_metadata(metadata("hparams", content));
        self.summary(tag, step, entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensorboard::tests::events;

    #[test]
    fn a_run_tells_its_row_and_the_columns_of_the_table() {
        let dir = tempfile::tempdir().unwrap();
        let settings = BTreeMap::from([
            ("batch_size".to_owned(), Setting::Number(32.0)),
            ("model".to_owned(), Setting::Word("vae".into())),
            ("residual".to_owned(), Setting::Switch(true)),
        ]);
        let metric = MetricColumn {
            tag: "final/reconstruction/mse".into(),
            title: "MSE".into(),
            meaning: "lower is better".into(),
        };
        let mut writer = EventWriter::create(dir.path()).unwrap();
        writer.columns(&settings, &["model"], &[metric]).unwrap();
        writer.started(&settings).unwrap();
        writer.ended(20, End::Failed).unwrap();
        writer.flush().unwrap();
        let told: Vec<HParamsPluginData> = events(writer.path())[1..]
            .iter()
            .map(|event| {
                let metadata = event.get_summary().get_value()[0].get_metadata();
                assert_eq!(metadata.get_plugin_data().get_plugin_name(), "hparams");
                HParamsPluginData::parse_from_bytes(metadata.get_plugin_data().get_content())
                    .unwrap()
            })
            .collect();
        let infos = told[0].get_experiment().get_hparam_infos();
        let kinds: Vec<_> =
            infos.iter().map(|info| (info.get_name(), info.get_field_type())).collect();
        assert_eq!(
            kinds,
            [
                ("batch_size", Kind::DATA_TYPE_FLOAT64),
                ("model", Kind::DATA_TYPE_STRING),
                ("residual", Kind::DATA_TYPE_BOOL),
            ]
        );
        let metrics = told[0].get_experiment().get_metric_infos();
        assert_eq!(metrics[0].get_name().get_tag(), "final/reconstruction/mse");
        let hparams = told[1].get_session_start_info().get_hparams();
        assert_eq!(hparams["batch_size"].get_number_value(), 32.0);
        assert_eq!(hparams["model"].get_string_value(), "vae");
        assert!(hparams["residual"].get_bool_value());
        assert_eq!(told[2].get_session_end_info().get_status(), Status::STATUS_FAILURE);
    }
}
