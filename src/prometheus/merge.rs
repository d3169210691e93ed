//! Several pages of the exposition format as one: the lines of a metric have to stand together.

use std::collections::BTreeMap;

/// The blocks by the name of the metric.
#[derive(Default)]
pub(super) struct Page {
    blocks: BTreeMap<String, Block>,
}

#[derive(Default)]
struct Block {
    kind: String,
    lines: String,
}

const TYPE: &str = "# TYPE ";

impl Page {
    /// Adds a page as the exporter renders it: each metric begins with a line of its type.
    pub(super) fn add(&mut self, text: &str) {
        let mut block = None;
        for line in text.lines() {
            if let Some((name, kind)) = line.strip_prefix(TYPE).and_then(|head| head.split_once(' ')) {
                let new: &mut Block = self.blocks.entry(name.to_owned()).or_default();
                kind.clone_into(&mut new.kind);
                block = Some(new);
            } else if !line.is_empty()
                && !line.starts_with('#')
                && let Some(block) = &mut block
            {
                block.lines.push_str(line);
                block.lines.push('\n');
            }
        }
    }

    /// The whole page, with the help that there is.
    pub(super) fn finish(self, help: &BTreeMap<String, String>) -> String {
        let mut page = String::new();
        for (name, Block { kind, lines }) in self.blocks {
            if let Some(help) = help.get(&name) {
                page.extend(["# HELP ", &name, " ", help, "\n"]);
            }
            page.extend([TYPE, &name, " ", &kind, "\n", &lines, "\n"]);
        }
        page
    }
}
