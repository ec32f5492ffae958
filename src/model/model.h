/* SPDX-License-Identifier: Apache-2.0 */
/* model.h - an opened model, as the rest of the library sees it. */
#ifndef MN_MODEL_MODEL_H
#define MN_MODEL_MODEL_H

#include "file/gguf.h"
#include "model/config.h"
#include "model/graph.h"
#include "text/template.h"
#include "text/tokenizer.h"

#include <minnow/minnow.h>

struct mn_model {
    mn_gguf *file;
    mn_config config;
    mn_graph graph;
    const mn_family *family;
    mn_tokenizer *tokenizer; /* NULL: the file has none */
    mn_template *chat;       /* NULL: the file has none, or it does not parse */
    mn_error chat_error;     /* why it does not parse */
    char *name;
    uint64_t n_parameters;
    const char *type_name;
    uint64_t
        hash; /* of metadata, tensor directory and sampled weights: names a model in saved states */
};

/* Renders the model's chat template; see mn_session_set_chat. */
mn_status mn_model_render_chat(const mn_model *model, mn_prompt *out, const json_t *variables,
                               int64_t now, mn_error *error);

#endif
