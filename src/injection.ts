// The one door to tsyringe, which throws at import unless reflect-metadata came before it.
import 'reflect-metadata';

export { container, inject, injectable, instanceCachingFactory } from 'tsyringe';
export type { DependencyContainer, InjectionToken } from 'tsyringe';
