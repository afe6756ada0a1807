/* One step of the model for a group of candidates, in products of 8 bits. Knows weights, not music.
 *
 * Rows of activations are rounded to 8 bits, each by its own largest value, and so are keys and
 * values; matrices have a scale for every output. Sums of products are exact in 32 bits, and
 * everything else is computed row by row in fp32, so that no candidate depends on its neighbours.
 * Everything is one kind of product: a linear layer, queries with keys, and weights with values.
 *
 * Matrices are unsigned (codes + 128) and rows signed, as the processor's instruction wants it; the
 * 128 is taken back by the sum of the row. Codes are kept in blocks of 16 outputs:
 * [outputs / 16][inputs / 4][16][4].
 *
 * A beginning that all candidates share is kept once; its keys meet the queries of eight candidates
 * at a time. All memory belongs to the caller.
 *
 * The files in order: model.h, products.h, rows.h, cache.h, scratch.h, attention.h, this one.
 *
 * Shapes: B candidates, E width, H heads, K key/value heads, G = H / K, D head width, V ids,
 * P shared rows.
 */

#include "attention.h"

static int columns_of(const Session *session)
{
    int most = 0;
    for (int b = 0; b < session->candidates; b++)
        most = larger(most, session->lengths[b] + 1);
    return padded(session->shared_rows) + padded(most);
}

/* Bytes of scratch that so many candidates with so many columns (shared and own rows, each rounded
 * up to 16) need. */
int64_t scratch_bytes(const Model *model, int32_t candidates, int32_t columns)
{
    return divide(model, candidates, columns, 0).bytes;
}

/* Keep rows that were read elsewhere: keys and values [rows, D] of a layer, slot and head, turned
 * already. */
void keep_rows(const Model *model, const Cache *cache, int32_t layer, int32_t slot, int32_t kv,
               int32_t rows, const float *keys, const float *values)
{
    const int64_t place = place_of(model, cache, layer, slot, kv);
    for (int row = 0; row < rows; row++)
        remember(model, cache, place, row, keys + (int64_t)row * model->head_width,
                 values + (int64_t)row * model->head_width);
}

/* Read one row a candidate, `session->ids`; `session->states` are those after it. Lengths stay as
 * they are. Returns 0 where an id is unknown, and has read nothing then. */
int32_t step(const Model *model, const Session *session)
{
    if (!are_known(model, session, N_FIELDS))
        return 0;
    const int n = session->candidates, width = model->width;
    Scratch s = divide(model, n, columns_of(session), session->scratch);
    s.own_weights.codes += padded(session->shared_rows);
    for (int i = 0; i < model->head_width; i++)
        s.ones[i] = 1.0f;
    memset(s.x, 0, (size_t)n * width * sizeof(float));
    for (int b = 0; b < n; b++)
        add_embedding(model, session->ids + b * N_FIELDS, N_FIELDS, s.x + (int64_t)b * width);
    for (int layer = 0; layer < model->layers; layer++) {
        const Block *block = model->blocks + layer;
        round_normalised(s.x, n, width, s.rows);
        linear(&block->qkv, s.rows, n, s.wide, 0);
        for (int kv = 0; kv < model->kv_heads; kv++)
            for (int first = 0; first < n; first += TILE)
                attend(model, session, layer, kv, first, n - first < TILE ? n - first : TILE,
                       block->qkv.outputs, &s);
        for (int b = 0; b < n; b++)
            round_row(s.y + (int64_t)b * block->out.inputs, block->out.inputs, 1.0f, s.rows, b);
        linear(&block->out, s.rows, n, s.x, 1);
        add_gated(&block->gated, s.x, n, s.rows, s.wide);
    }
    for (int b = 0; b < n; b++) {
        const float *x = s.x + (int64_t)b * width;
        float *state = session->states + (int64_t)b * width;
        const float norm = norm_of(x, width);
        for (int i = 0; i < width; i++)
            state[i] = x[i] * norm * model->norm[i];
    }
    return 1;
}

/* Logits of a field of the next row, [B, V rounded up to 16], given the fields before it in
 * `session->ids`. Returns 0 where one of those is unknown. */
int32_t field_logits(const Model *model, const Session *session, int32_t field, float *logits)
{
    if (!are_known(model, session, field))
        return 0;
    const int n = session->candidates, width = model->width;
    const Head *head = model->fields + field;
    const Scratch s = divide(model, n, columns_of(session), session->scratch);
    memcpy(s.x, session->states, (size_t)n * width * sizeof(float));
    for (int b = 0; field && b < n; b++)
        add_embedding(model, session->ids + b * N_FIELDS, field, s.x + (int64_t)b * width);
    add_gated(&head->gated, s.x, n, s.rows, s.wide);
    round_normalised(s.x, n, width, s.rows);
    linear(&head->logits, s.rows, n, logits, 0);
    return 1;
}
