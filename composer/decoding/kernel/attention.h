/* Attention of some candidates, over the beginning they share and the rows of their own. */

#pragma once

#include "scratch.h"

/* Turn pairs of channels by the angles of a position, in place. */
static void turn(float *x, int head_width, const float *angles)
{
    const int half = head_width / 2;
    for (int i = 0; i < half; i++) {
        const float a = x[i], b = x[half + i], cosine = angles[i], sine = angles[half + i];
        x[i] = a * cosine - b * sine;
        x[half + i] = a * sine + b * cosine;
    }
}

static float most_of(const float *scores, int n, float most)
{
    for (int i = 0; i < n; i++)
        most = scores[i] > most ? scores[i] : most;
    return most;
}

/* Scores of n keys -> weights before they are divided by their sum; returns their sum. Each is
 * multiplied by what its value's codes are worth. */
static float weigh(float *scores, int n, float most, const float *value_scales)
{
    for (int i = 0; i < n; i++)
        scores[i] = exponential(at_least(scores[i] - most, -80.0f));
    memset(scores + n, 0, (size_t)(padded(n) - n) * sizeof(float));
    const float sum = sum_of(scores, n, 0);
    for (int i = 0; i < n; i++)
        scores[i] *= value_scales[i];
    return sum;
}

/* Round n weights to 14 bits, in two rows of 7: most of many weights are far below the largest.
 * `most` is the largest of the whole row, `sum` what all are divided by. */
static void round_weights(const float *weights, int n, float most, float sum, Rows rows, int row)
{
    const int levels = 128 * 128 - 1;
    const float steps = most > 0.0f ? levels / most : 0.0f, size = most / levels / sum;
    int8_t *high = rows.codes + (int64_t)row * rows.stride, *low = high + rows.stride;
    int32_t high_sum = 0, low_sum = 0;
    for (int i = 0; i < n; i++) {
        const int32_t code = (int32_t)rintf(weights[i] * steps);
        high[i] = (int8_t)(code >> 7);
        low[i] = (int8_t)(code & 127);
        high_sum += code >> 7;
        low_sum += code & 127;
    }
    rows.scales[row] = 128.0f * size;
    rows.scales[row + 1] = size;
    rows.sums[row] = high_sum;
    rows.sums[row + 1] = low_sum;
}

/* Turn queries and key of a candidate for one key/value head, keep key and value, round the
 * queries. `qkv` is the candidate's row. */
static void prepare(const Model *model, const Session *session, int layer, int kv, int who,
                    float *qkv, Rows queries)
{
    const int width = model->head_width, each = model->heads / model->kv_heads;
    const int own = session->lengths[who];
    const float *angles = model->rotary + (int64_t)(session->shared_rows + own) * width;
    const float size = 1.0f / sqrtf((float)width);
    for (int g = 0; g < each; g++) {
        float *query = qkv + (kv * each + g) * width;
        turn(query, width, angles);
        round_row(query, width, size, queries, g);
    }
    float *key = qkv + (model->heads + kv) * width;
    turn(key, width, angles);
    remember(model, &session->own,
             place_of(model, &session->own, layer, session->places[who], kv), own, key,
             key + model->kv_heads * width);
}

/* Scores of a query -> rounded weights of its shared and its own values. */
static void weigh_all(const Session *session, const float *shared_scales, const float *own_scales,
                      int n_own, const Scratch *s, int row)
{
    const int n_shared = session->shared_rows, begin = padded(n_shared);
    float *scores = s->scores + (int64_t)row * s->shared_weights.stride, *own = scores + begin;
    float most = most_of(own, n_own, most_of(scores, n_shared, NEVER));
    const float sum =
        weigh(scores, n_shared, most, shared_scales) + weigh(own, n_own, most, own_scales);
    most = most_of(own, n_own, most_of(scores, n_shared, 0.0f));
    round_weights(scores, begin, most, sum, s->shared_weights, 2 * row);
    round_weights(own, padded(n_own), most, sum, s->own_weights, 2 * row);
}

/* Attention of up to TILE candidates from `first` on, for one key/value head, into `s->y`. */
static void attend(const Model *model, const Session *session, int layer, int kv, int first,
                   int n, int qkv_width, const Scratch *s)
{
    const int width = model->head_width, each = model->heads / model->kv_heads;
    const int n_shared = session->shared_rows, begin = padded(n_shared);
    const int64_t stride = s->shared_weights.stride;
    const Cache *shared = &session->shared, *own = &session->own;
    const int64_t shared_place = place_of(model, shared, layer, 0, kv);
    for (int b = 0; b < n; b++)
        prepare(model, session, layer, kv, first + b, s->wide + (int64_t)(first + b) * qkv_width,
                from_row(s->queries, b * each));
    if (n_shared)
        score_keys(model, shared, shared_place, n_shared, s->queries, n * each, s->scores, stride);
    for (int b = 0; b < n; b++) {
        const int n_own = session->lengths[first + b] + 1;
        const int64_t place = place_of(model, own, layer, session->places[first + b], kv);
        score_keys(model, own, place, n_own, from_row(s->queries, b * each), each,
                   s->scores + b * each * stride + begin, stride);
        for (int g = 0; g < each; g++)
            weigh_all(session, shared->value_scales + shared_place * shared->capacity,
                      own->value_scales + place * own->capacity, n_own, s, b * each + g);
    }
    memset(s->values, 0, (size_t)2 * n * each * width * sizeof(float));
    if (n_shared)
        add_values(model, shared, shared_place, n_shared, s->ones, s->shared_weights, 2 * n * each,
                   s->values);
    for (int b = 0; b < n; b++) {
        float *values = s->values + 2 * b * each * width;
        add_values(model, own, place_of(model, own, layer, session->places[first + b], kv),
                   session->lengths[first + b] + 1, s->ones,
                   from_row(s->own_weights, 2 * b * each), 2 * each, values);
        float *y = s->y + ((int64_t)(first + b) * model->heads + kv * each) * width;
        for (int g = 0; g < each; g++)
            for (int i = 0; i < width; i++)
                y[g * width + i] = values[2 * g * width + i] + values[(2 * g + 1) * width + i];
    }
}

