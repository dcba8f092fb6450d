//! The tool that changes a database's schema.

use serde_json::Value;

use crate::config::Span;
use crate::config::leaf::Word;
use crate::config::read::{Defs, Field, List, Located, Map, Member, Node, Object, Scalar, Shape, Sink, raw};
use crate::data::Framework;
use crate::id::ServiceName;

/// The tool that changes a database's schema: exactly one, by its name. Not declared with [`raw!`], because names of tools
/// have hyphens.
#[derive(Debug, Clone)]
pub(in crate::config) struct RawMigrations {
    at: Span,
    /// Every tool that is named.
    pub(in crate::config) tools: Vec<(Framework, Field<RawTool>)>,
}

impl Located for RawMigrations {
    fn at(&self) -> Span {
        self.at
    }
}

impl Shape for RawMigrations {
    fn read(node: &Node, sink: &mut Sink) -> Option<Self> {
        let names = Framework::ALL.map(Framework::as_str);
        let object = Object::open(node, &names, sink)?;
        let tools = Framework::ALL.map(|tool| (tool, object.field::<RawTool>(tool.as_str(), false, sink)));
        let tools: Vec<_> = tools.into_iter().filter(|(_, field)| !field.is_absent()).collect();
        let found = sink.len();
        object.close(&names, &[], sink);
        // A misspelt tool is one mistake, not also the lack of one.
        (!tools.is_empty() || sink.len() == found).then_some(Self { at: node.label, tools })
    }

    fn schema(defs: &mut Defs) -> Value {
        let tool = RawTool::schema(defs);
        let member = |framework: Framework| Member {
            key: framework.as_str(),
            doc: framework.what(),
            required: false,
            schema: tool.clone(),
        };
        let members = Framework::ALL.into_iter().map(member).collect();
        let doc = "The tool that changes a database's schema: exactly one of the keys.";
        defs.object("RawMigrations", doc, members)
    }
}

raw! {
    /// How a migration tool is run.
    RawTool {
        /// The service whose code it is run with. Not needed by tools of plain SQL files, which `backout` runs itself: golang-migrate, dbmate, sqlx, diesel.
        r#in: optional Scalar<ServiceName>,
        /// Where the migrations are: inside the service, or on the host where no service is named. Default: where the tool has them.
        folder: optional Scalar<String>,
        /// The command that runs the tool, as a list, without what it shall do: `[python, manage.py]`. Default: the tool's usual one.
        command: optional List<Scalar<Word>>,
        /// Migrations that are declared to leave the release before them able to run (`true`), or not (`false`).
        compatible: optional Map<Scalar<bool>>,
    }
}
