/* A Lion in C without libraries, as a full conversation: who it is, what it can do, a probe of the wire.
 *     cc -O2 -o lion tutorials/other_languages/lion.c -lm
 *     refimpl check lion.trajectory --exec ./lion
 * With the argument "wrong" the sign is computed as c / |c|, which is NaN where c is 0.
 *
 * A request is one line whose members come in a fixed order, so that a few lines of string search do for reading it.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AXES = 8 };

typedef struct {
    char name[64];
    int axes;
    long shape[AXES];
    long size;
    double *data;
} Array;

static int wrong;

static void fail(const char *what) {
    fprintf(stderr, "lion.c: %s\n", what);
    exit(1);
}

static void *allocate(size_t bytes) {
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory) fail("out of memory");
    return memory;
}

/* One line of any length, without its end; NULL at the end of the input. */
static char *read_line(void) {
    size_t room = 4096, used = 0;
    char *line = allocate(room);
    int c;
    while ((c = getchar()) != EOF && c != '\n') {
        if (used + 1 == room && !(line = realloc(line, room *= 2))) fail("out of memory");
        line[used++] = (char)c;
    }
    line[used] = 0;
    if (c == EOF && used == 0) {
        free(line);
        return NULL;
    }
    return line;
}

/* What follows "name": in a text. */
static const char *member(const char *text, const char *name) {
    char key[80];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *found = strstr(text, key);
    if (!found) fail(name);
    found += strlen(key);
    return found + strspn(found, " ");
}

/* A number, or one of the strings "NaN", "Infinity", "-Infinity", which strtod knows. */
static double number(const char **text) {
    char *end;
    *text += strspn(*text, " ,[\"");
    double value = strtod(*text, &end);
    if (end == *text) fail("a number is missing");
    *text = end + strspn(end, "\"");
    return value;
}

/* The array at a text; moves the text behind it. */
static Array read_array(const char **text) {
    Array array = {.size = 1};
    const char *at = member(*text, "shape");
    for (at += strspn(at, "[ "); *at != ']'; at += strspn(at, " ,")) {
        char *end;
        if (array.axes == AXES) fail("too many axes");
        array.size *= array.shape[array.axes++] = strtol(at, &end, 10);
        at = end;
    }
    at = member(*text, "data");
    array.data = allocate(sizeof(double) * (size_t)array.size);
    for (long i = 0; i < array.size; i++) array.data[i] = number(&at);
    *text = strchr(at, '}') + 1;
    return array;
}

static void write_number(double x) {
    if (isnan(x)) printf("\"NaN\"");
    else if (isinf(x)) printf(x > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    else printf("%.17g", x); /* 17 digits bring every double back */
}

static void write_array(const char *name, const Array *array) {
    printf("\"%s\": {\"dtype\": \"float64\", \"shape\": [", name);
    for (int i = 0; i < array->axes; i++) printf(i ? ", %ld" : "%ld", array->shape[i]);
    printf("], \"data\": [");
    for (long i = 0; i < array->size; i++) {
        if (i) printf(", ");
        write_number(array->data[i]);
    }
    printf("]}");
}

static double sign(double c) {
    return wrong ? c / fabs(c) : (c > 0) - (c < 0);
}

static void lion(const char *inputs) {
    const char *at = member(inputs, "theta0");
    Array theta = read_array(&at);
    at = member(inputs, "grads");
    Array grads = read_array(&at);
    double rates[4];
    const char *names[] = {"lr", "beta1", "beta2", "weight_decay"};
    for (int i = 0; i < 4; i++) {
        at = member(inputs, names[i]);
        rates[i] = number(&at);
    }
    const double lr = rates[0], beta1 = rates[1], beta2 = rates[2], weight_decay = rates[3];

    const long steps = grads.shape[0], d = grads.shape[1];
    Array thetas = grads;
    thetas.data = allocate(sizeof(double) * (size_t)grads.size);
    double *momentum = allocate(sizeof(double) * (size_t)d);
    for (long i = 0; i < d; i++) momentum[i] = 0;
    for (long t = 0; t < steps; t++) {
        for (long i = 0; i < d; i++) {
            const double g = grads.data[t * d + i];
            const double c = beta1 * momentum[i] + (1 - beta1) * g;
            theta.data[i] -= lr * (sign(c) + weight_decay * theta.data[i]);
            momentum[i] = beta2 * momentum[i] + (1 - beta2) * g;
            thetas.data[t * d + i] = theta.data[i];
        }
    }
    write_array("thetas", &thetas);
    free(theta.data), free(grads.data), free(thetas.data), free(momentum);
}

/* Every array of the request, sent back. */
static void probe(const char *inputs) {
    const char *at = inputs;
    for (int count = 0; (at = strchr(at, '"')) != NULL; count++) {
        const char *end = strchr(++at, '"');
        char name[64] = "";
        if (!end || end - at >= (long)sizeof name) fail("a name is too long");
        memcpy(name, at, (size_t)(end - at));
        at = end;
        Array array = read_array(&at);
        if (count) printf(", ");
        write_array(name, &array);
        free(array.data);
    }
}

int main(int argc, char **argv) {
    wrong = argc > 1 && strcmp(argv[1], "wrong") == 0;
    for (char *line; (line = read_line()) != NULL; free(line)) {
        const char *cmd = member(line, "cmd");
        if (strncmp(cmd, "\"stop\"", 6) == 0) break;
        printf("{\"seq\": %ld, ", strtol(member(line, "seq"), NULL, 10));
        if (strncmp(cmd, "\"start\"", 7) == 0) {
            printf("\"protocol\": 1, "
                   "\"implementation\": {\"name\": \"lion.c\", \"version\": \"1.0.0\", \"language\": \"C\"}, "
                   "\"operations\": [\"lion.trajectory\"], \"dtypes\": [\"float64\"], \"probe\": true}\n");
        } else {
            printf("\"outputs\": {");
            if (strncmp(cmd, "\"probe\"", 7) == 0) probe(member(line, "inputs"));
            else lion(member(line, "inputs"));
            printf("}}\n");
        }
        fflush(stdout);
    }
    return 0;
}
