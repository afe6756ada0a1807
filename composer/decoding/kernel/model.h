/* What the caller hands over: a model packed in 8 bits, caches, a group in progress; and rows. */

#pragma once

#include <stdint.h>

enum { LANES = 16, QUAD = 4, TILE = 8, N_FIELDS = 4, LEVELS = 127, ZERO = 128 };

/* Further than any score, and finite: the compiler is told that there is no infinity. */
static const float NEVER = -1e30f;
/* As numpy's smallest step at 1 in fp32, which torch's RMSNorm adds. */
static const float EPSILON = 1.1920929e-07f;

/* Codes [outputs / 16][inputs / 4][16][4] and a scale for every output; outputs are a multiple of
 * 16 and inputs of 4. */
typedef struct {
    int32_t outputs, inputs;
    const uint8_t *codes;
    const float *scales;
} Matrix;

/* SwiGLU: down(silu(gate) * up). */
typedef struct {
    Matrix gate_up, down;
} Gated;

typedef struct {
    Matrix qkv, out;
    Gated gated;
} Block;

/* What gives the logits of a field. */
typedef struct {
    Gated gated;
    Matrix logits;
} Head;

typedef struct {
    int32_t width, layers, heads, kv_heads, head_width;
    int32_t sizes[N_FIELDS];       /* ids of each table */
    const float *tables[N_FIELDS]; /* [ids, E] each */
    const float *norm;             /* [E] */
    const float *rotary;           /* cosines and sines, [positions, 2, D / 2] */
    const Block *blocks;
    Head fields[N_FIELDS];
} Model;

/* Keys and values, [layers, slots, K] of each; a slot is a candidate's. `capacity` is in rows and a
 * multiple of 16. Keys are matrices of `capacity` outputs, values of D outputs. */
typedef struct {
    int32_t slots, capacity;
    uint8_t *keys, *values;
    float *key_scales, *value_scales;
} Cache;

/* `lengths` are rows of a candidate's own, [B]; `places` its slots, [B]. */
typedef struct {
    int32_t candidates, shared_rows;
    Cache shared, own;
    const int32_t *ids; /* [B, 4] */
    const int32_t *places;
    const int32_t *lengths;
    float *states;  /* [B, E] */
    void *scratch;  /* `scratch_bytes` of it */
} Session;

/* Rounded rows: codes [n, stride], and what a code is worth and the sum of the codes of each. */
typedef struct {
    int8_t *codes;
    float *scales;
    int32_t *sums;
    int32_t stride;
} Rows;
