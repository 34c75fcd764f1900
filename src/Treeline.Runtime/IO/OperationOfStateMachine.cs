using System.Runtime.CompilerServices;

namespace Treeline.IO;

/// <summary>An <see cref="Operation{T}"/> of one method, and the pool of such.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
/// <typeparam name="TStateMachine">The state machine that the compiler made of the method.</typeparam>
internal sealed class Operation<T, TStateMachine> : Operation<T>
    where TStateMachine : IAsyncStateMachine
{
    private TStateMachine _stateMachine = default!;

    public static Operation<T, TStateMachine> Rent() =>
        Pool<Operation<T, TStateMachine>>.TryRent() ?? new Operation<T, TStateMachine>();

    /// <summary>Takes the state of the method, which has run until it first waits.</summary>
    public void Set(in TStateMachine stateMachine) => _stateMachine = stateMachine;

    private protected override void MoveNext() => _stateMachine.MoveNext();

    private protected override void Recycle()
    {
        _stateMachine = default!;
        Pool<Operation<T, TStateMachine>>.Return(this);
    }
}
