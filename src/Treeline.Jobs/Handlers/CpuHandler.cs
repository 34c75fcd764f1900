using System.Text.Json;

namespace Treeline.Jobs;

/// <summary>The built-in handler <c>cpu</c>.</summary>
internal sealed class CpuHandler
{
    private const int Largest = 50_000_000;

    // How much of the sieve is worked on between two looks at the token: well under a millisecond.
    private const int Block = 1 << 18;

    private readonly AsyncSemaphore _cores = new(Environment.ProcessorCount, "cores");

    public static ArgsError? Validate(JsonElement? args)
    {
        Read(args, out ArgsError? error);
        return error;
    }

    public async Task<object?> RunAsync(JobContext job, CancellationToken cancellationToken)
    {
        int n = Read(job.Args, out ArgsError? error);
        JobFailedException.ThrowIfBad(error);
        using SemaphorePermit core = await _cores.AcquireAsync(cancellationToken);

        // A thread of its own: the pool's are for work that yields.
        int primes = await job.Scope.SpawnBlocking(token => CountPrimes(n, token), "count primes");
        return new { primes };
    }

    /// <summary>The sieve of Eratosthenes, a block at a time so that it stays in the cache.</summary>
    internal static int CountPrimes(int n, CancellationToken cancellationToken)
    {
        List<int> small = SmallPrimes((int)Math.Sqrt(n));
        var composite = new bool[Block];
        int count = 0;
        for (int start = 2; start <= n; start += Block)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int length = Math.Min(Block, n - start + 1);
            Array.Clear(composite, 0, length);
            foreach (int prime in small)
            {
                int first = Math.Max(prime * prime, (start + prime - 1) / prime * prime);
                for (int i = first - start; i < length; i += prime)
                {
                    composite[i] = true;
                }
            }

            count += composite.AsSpan(0, length).Count(false);
        }

        return count;
    }

    private static List<int> SmallPrimes(int upTo)
    {
        var primes = new List<int>();
        for (int candidate = 2; candidate <= upTo; candidate++)
        {
            if (primes.TrueForAll(prime => candidate % prime != 0))
            {
                primes.Add(candidate);
            }
        }

        return primes;
    }

    private static int Read(JsonElement? args, out ArgsError? error)
    {
        var reader = new ArgsReader(args, "n");
        long n = reader.RequiredNumber("n", 1, Largest);
        error = reader.Error;
        return (int)n;
    }
}
