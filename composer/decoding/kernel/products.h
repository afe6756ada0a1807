/* Products of 8 bits, for processors with AVX-512 VNNI and for those with AVX2. */

#pragma once

#include <immintrin.h>
#include <string.h>

#include "model.h"

/* `Sums` are sixteen sums, `Quads` the codes of four inputs of 16 outputs. How many rows and blocks
 * are multiplied at once is what fills the registers. */

#if defined(__AVX512VNNI__)

typedef __m512i Sums, Quads;
enum { ROWS = 8, BLOCKS = 2, FEW_ROWS = 4, FEW_BLOCKS = 4, OFFSET = ZERO };

static inline Quads load_quads(const uint8_t *codes) { return _mm512_loadu_si512(codes); }

static inline Sums add_products(Sums sums, Quads matrix, int32_t four)
{
    return _mm512_dpbusd_epi32(sums, matrix, _mm512_set1_epi32(four));
}

/* Sums times what inputs and outputs are worth, written to y or added to it. */
static inline void finish(Sums sums, int32_t offset, const float *scales, float scale, float *y,
                          int adds)
{
    const __m512 found = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums, _mm512_set1_epi32(offset)));
    const __m512 product =
        _mm512_mul_ps(_mm512_mul_ps(found, _mm512_loadu_ps(scales)), _mm512_set1_ps(scale));
    _mm512_storeu_ps(y, adds ? _mm512_add_ps(_mm512_loadu_ps(y), product) : product);
}

#elif defined(__AVX2__)

/* Here the matrix is made signed. Sums of two products are 16 bits, which codes up to 127 on either
 * side do not fill; the sign of the row's code goes to the matrix, because one side is unsigned. */
typedef struct {
    __m256i half[2];
} Sums, Quads;
enum { ROWS = 4, BLOCKS = 1, FEW_ROWS = 2, FEW_BLOCKS = 2, OFFSET = 0 };

static inline Quads load_quads(const uint8_t *codes)
{
    const __m256i zero = _mm256_set1_epi8((char)ZERO);
    const __m256i *halves = (const __m256i *)codes;
    return (Quads){{_mm256_xor_si256(_mm256_loadu_si256(halves), zero),
                    _mm256_xor_si256(_mm256_loadu_si256(halves + 1), zero)}};
}

static inline Sums add_products(Sums sums, Quads matrix, int32_t four)
{
    const __m256i row = _mm256_set1_epi32(four), size = _mm256_abs_epi8(row);
    const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
        const __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(matrix.half[i], row));
        sums.half[i] = _mm256_add_epi32(sums.half[i], _mm256_madd_epi16(pairs, ones));
    }
    return sums;
}

static inline void finish(Sums sums, int32_t offset, const float *scales, float scale, float *y,
                          int adds)
{
    (void)offset;
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++, scales += LANES / 2, y += LANES / 2) {
        const __m256 found = _mm256_cvtepi32_ps(sums.half[i]);
        const __m256 product =
            _mm256_mul_ps(_mm256_mul_ps(found, _mm256_loadu_ps(scales)), _mm256_set1_ps(scale));
        _mm256_storeu_ps(y, adds ? _mm256_add_ps(_mm256_loadu_ps(y), product) : product);
    }
}

#else
#error "made for processors with AVX2 or AVX-512 VNNI"
#endif

/* Sums of products of `n_rows` rows with `n_blocks` blocks of 16 outputs; both are constants where
 * this is called, so that all sums stay in registers. */
static inline __attribute__((always_inline)) void multiply_tile(
    const uint8_t *codes, int64_t block_bytes, int inputs, const float *scales, Rows x, int row,
    float *y, int64_t y_stride, int adds, const int n_rows, const int n_blocks)
{
    Sums sums[ROWS][FEW_BLOCKS];
    memset(sums, 0, sizeof sums);
    const int8_t *first = x.codes + (int64_t)row * x.stride;
    for (int i = 0; i < inputs; i += QUAD) {
        Quads matrix[FEW_BLOCKS];
#pragma GCC unroll 8
        for (int b = 0; b < n_blocks; b++)
            matrix[b] = load_quads(codes + b * block_bytes + (int64_t)i * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < n_rows; r++) {
            int32_t four;
            memcpy(&four, first + (int64_t)r * x.stride + i, sizeof four);
#pragma GCC unroll 8
            for (int b = 0; b < n_blocks; b++)
                sums[r][b] = add_products(sums[r][b], matrix[b], four);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < n_rows; r++)
#pragma GCC unroll 8
        for (int b = 0; b < n_blocks; b++)
            finish(sums[r][b], OFFSET * x.sums[row + r], scales + b * LANES, x.scales[row + r],
                   y + (int64_t)(row + r) * y_stride + b * LANES, adds);
}

/* All rows with some blocks: as many rows at a time as there is room for, then fewer. */
static inline __attribute__((always_inline)) void multiply_blocks(
    const uint8_t *codes, int64_t block_bytes, int inputs, const float *scales, Rows x, int n,
    float *y, int64_t y_stride, int adds, const int n_blocks)
{
    int row = 0;
#define TAKE(n_rows)                                                                              \
    for (; row + (n_rows) <= n; row += (n_rows))                                                  \
        multiply_tile(codes, block_bytes, inputs, scales, x, row, y, y_stride, adds, n_rows,      \
                      n_blocks)
    TAKE(ROWS);
    TAKE(4);
    TAKE(2);
    TAKE(1);
#undef TAKE
}

/* y [n, outputs] = rows [n, inputs] times a matrix, or added to y. Few rows meet many blocks at
 * once, many rows few. */
static void multiply(const uint8_t *codes, int64_t block_bytes, int outputs, int inputs,
                     const float *scales, Rows x, int n, float *y, int64_t y_stride, int adds)
{
    int block = 0;
#define TAKE(n_blocks)                                                                            \
    for (; block + (n_blocks) <= outputs / LANES; block += (n_blocks))                            \
        multiply_blocks(codes + block * block_bytes, block_bytes, inputs, scales + block * LANES, \
                        x, n, y + block * LANES, y_stride, adds, n_blocks)
    if (n <= FEW_ROWS)
        TAKE(FEW_BLOCKS);
    TAKE(BLOCKS);
    TAKE(1);
#undef TAKE
}

static void linear(const Matrix *m, Rows x, int n, float *y, int adds)
{
    multiply(m->codes, (int64_t)m->inputs * LANES, m->outputs, m->inputs, m->scales, x, n, y,
             m->outputs, adds);
}
