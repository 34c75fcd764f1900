using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>A <see cref="FiberBox{T}"/> of one method, and the pool of such.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
/// <typeparam name="TStateMachine">The state machine that the compiler made of the method.</typeparam>
internal sealed class FiberBox<T, TStateMachine> : FiberBox<T>
    where TStateMachine : IAsyncStateMachine
{
    private TStateMachine _stateMachine = default!;

    private protected override string MethodName
    {
        get
        {
            // The compiler calls the state machine of a method M <M>d__0, of a lambda in it <<M>b__0_0>d, and of a local
            // function F in it <<M>g__F|0_0>d.
            string[] parts = typeof(TStateMachine).Name.Split(['<', '>'], StringSplitOptions.RemoveEmptyEntries);
            string? local = Array.Find(parts, static part => part.StartsWith("g__", StringComparison.Ordinal));
            return local?[3..].Split('|')[0] ?? (parts.Length > 0 ? parts[0] : typeof(TStateMachine).Name);
        }
    }

    private protected override bool AwaitsForeign => FiberShape<TStateMachine>.AwaitsForeign;

    public static FiberBox<T, TStateMachine> Rent() =>
        Pool<FiberBox<T, TStateMachine>>.TryRent() ?? new FiberBox<T, TStateMachine>();

    /// <summary>Takes the state of the method that was called; it has not run yet.</summary>
    public void Set(in TStateMachine stateMachine) => _stateMachine = stateMachine;

    private protected override void MoveNext() => _stateMachine.MoveNext();

    private protected override void ClearStateMachine() => _stateMachine = default!;

    private protected override void ReturnToPool() => Pool<FiberBox<T, TStateMachine>>.Return(this);
}
